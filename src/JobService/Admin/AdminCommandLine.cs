using System.CommandLine;
using System.CommandLine.Parsing;
using ForegSyte.Hosting.Errors;
using ForegSyte.Hosting.Starting;
using ForegSyte.Jobs.Backups;
using ForegSyte.Jobs.Storage;
using ForegSyte.Jobs.Storage.S3;
using ForegSyte.Protocol.Text;
using Microsoft.Extensions.Options;

namespace ForegSyte.Jobs.Admin;

/// <summary>
/// The operator's commands. Most open the database, so the service must be stopped. They read the same settings as the
/// service; on the command line, settings follow the command: "JobService verify --DataDirectory=/srv/foregsyte".
/// </summary>
internal static class AdminCommandLine
{
    /// <summary>Exit code of a command that failed, or was used wrongly.</summary>
    private const int Failed = 2;

    /// <summary>The names of the commands.</summary>
    public static readonly IReadOnlyList<string> Commands =
        ["backup", "restore", "verify", "rebuild", "export", "import", "keys"];

    /// <summary>Whether the arguments are a command, or ask for help.</summary>
    public static bool Handles(IReadOnlyList<string> arguments) =>
        arguments is [var first, ..] && (Commands.Contains(first) || first is "-h" or "-?" or "--help");

    /// <summary>Runs a command.</summary>
    /// <param name="arguments">The command, and settings.</param>
    /// <param name="output">Where results are written.</param>
    /// <param name="error">Where failures are written.</param>
    /// <param name="checkAsync">Checks the settings of a command as the start does; throws if one is invalid.</param>
    /// <param name="cancellationToken">Cancels the command.</param>
    /// <returns>0 for success, 1 for problems in the data, 2 if the command failed or was used wrongly.</returns>
    public static async Task<int> RunAsync(
        IReadOnlyList<string> arguments, TextWriter output, TextWriter error, Func<string[], Task> checkAsync,
        CancellationToken cancellationToken)
    {
        Task<AdminTools> OpenAsync(string[] settings) => AdminTools.OpenAsync(settings, checkAsync);

        var root = new RootCommand(
            "ForegSyte JobService. Without a command it starts the service. All commands but keys need it stopped.")
        {
            Backup(OpenAsync, output),
            Restore(OpenAsync, output),
            Verify(OpenAsync, output),
            Rebuild(OpenAsync, output),
            Export(OpenAsync, output),
            Import(OpenAsync, output),
            KeyCommands.Create(output),
        };
        try
        {
            var parsed = root.Parse(arguments);
            var exitCode = await parsed.InvokeAsync(
                new InvocationConfiguration { Output = output, Error = error, EnableDefaultExceptionHandler = false },
                cancellationToken);
            return parsed.Errors.Count > 0 ? Failed : exitCode;
        }
        catch (Exception failure) when (
            failure is DatabaseException or AdminException or BackupException or FormatException or IOException
                or UnauthorizedAccessException or OptionsValidationException or ServiceException
                or ObjectStorageException)
        {
            await error.WriteLineAsync(ControlCharacters.Escape(
                $"JobService {arguments[0]}: {StartupFailure.Describe(failure)}"));
            return Failed;
        }
    }

    /// <summary>Creates the services of a command from its settings.</summary>
    private delegate Task<AdminTools> OpenTools(string[] settings);

    private static Command Backup(OpenTools open, TextWriter output)
    {
        var to = new Option<string>("--to")
        {
            Description = "Folder for the backup; must be new or empty.",
            Required = true,
        };
        return Make(
            open, "backup",
            "Copy the database of a stopped service, with a hash. Videos and results are not included: copy the "
            + "storage folder too. \"foregsyte backup\" copies all of a running service.",
            [to],
            (tools, arguments, _) => Task.FromResult(DatabaseBackup.Write(
                tools.DuckDb, Path.GetFullPath(arguments.GetValue(to)!), tools.Time, output)));
    }

    private static Command Restore(OpenTools open, TextWriter output)
    {
        var from = new Option<string>("--from") { Description = "Folder of a backup.", Required = true };
        return Make(
            open, "restore",
            "Replace the database with a backup, and add the files of the backup to the storage folder. The current "
            + "database is set aside.",
            [from],
            (tools, arguments, _) => Task.FromResult(DatabaseRestore.Run(
                tools.DuckDb, tools.Storage.Folder, Path.GetFullPath(arguments.GetValue(from)!), tools.Time, output)));
    }

    private static Command Verify(OpenTools open, TextWriter output) => Make(
        open, "verify", "Check that the database is readable and matches the files of its jobs.", [],
        (tools, _, cancellationToken) => StoreVerification.RunAsync(tools, output, cancellationToken));

    private static Command Rebuild(OpenTools open, TextWriter output)
    {
        var pipeline = new Option<string?>("--pipeline")
        {
            Description =
                "Pipeline for videos without results, which become pending jobs. Without it they are only listed.",
        };
        var tenant = new Option<string>("--tenant")
        {
            Description = "Tenant of these pending jobs. Without it only admins see them.",
            DefaultValueFactory = _ => "",
        };
        return Make(
            open, "rebuild", "Create a new database from the files in the storage folder.",
            [pipeline, tenant],
            (tools, arguments, cancellationToken) => DatabaseRebuild.RunAsync(
                tools, arguments.GetValue(pipeline), arguments.GetValue(tenant)!, output, cancellationToken));
    }

    private static Command Export(OpenTools open, TextWriter output)
    {
        var to = new Argument<string>("folder") { Description = "Folder for the export; must be new or empty." };
        return Make(
            open, "export",
            "Copy all jobs with videos, results and finished segments into a folder that import reads, to move them to "
            + "another database or storage.",
            [to],
            (tools, arguments, cancellationToken) => JobExport.RunAsync(
                tools, Path.GetFullPath(arguments.GetValue(to)!), output, cancellationToken));
    }

    private static Command Import(OpenTools open, TextWriter output)
    {
        var from = new Argument<string>("folder") { Description = "Folder of an export." };
        return Make(
            open, "import",
            "Store the jobs of an export in the configured database and storage. Jobs that are there are skipped, so "
            + "an interrupted import can run again.",
            [from],
            (tools, arguments, cancellationToken) => JobImport.RunAsync(
                tools, Path.GetFullPath(arguments.GetValue(from)!), output, cancellationToken));
    }

    private static Command Make(
        OpenTools open, string name, string description, IReadOnlyList<Symbol> symbols,
        Func<AdminTools, ParseResult, CancellationToken, Task<int>> run)
    {
        var command = new Command(name, description) { TreatUnmatchedTokensAsErrors = false };
        foreach (var option in symbols.OfType<Option>())
        {
            option.Validators.Add(result => RefuseSetting(result, option.Name));
            command.Add(option);
        }

        foreach (var argument in symbols.OfType<Argument>())
        {
            argument.Validators.Add(result => RefuseSetting(result, argument.Name));
            command.Add(argument);
        }

        command.SetAction(async (arguments, cancellationToken) =>
        {
            if (StartupArguments.ProblemIn(arguments.UnmatchedTokens, Commands) is { } problem)
            {
                throw new AdminException(problem);
            }

            await using var tools = await open([.. arguments.UnmatchedTokens]);
            return await run(tools, arguments, cancellationToken);
        });
        return command;
    }

    /// <summary>Without its value, an option or argument takes the setting that follows it.</summary>
    private static void RefuseSetting(SymbolResult result, string name)
    {
        if (result.Tokens is [{ Value: var value }] && value.StartsWith("--", StringComparison.Ordinal))
        {
            result.AddError($"A value for '{name}' is missing before '{value}'.");
        }
    }
}

/// <summary>A command failed. The message tells the operator what is wrong and what to do.</summary>
internal sealed class AdminException(string message, Exception? innerException = null)
    : Exception(message, innerException);
