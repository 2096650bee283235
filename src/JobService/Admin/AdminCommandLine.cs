using System.CommandLine;
using ForegSyte.Hosting.Errors;
using ForegSyte.Hosting.Starting;
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
    /// <summary>The names of the commands.</summary>
    public static readonly IReadOnlyList<string> Commands =
        ["backup", "restore", "verify", "rebuild", "export", "import", "keys"];

    /// <summary>Whether the arguments are a command, or ask for help.</summary>
    public static bool Handles(IReadOnlyList<string> arguments) =>
        arguments is [var first, ..] && (Commands.Contains(first) || first is "-h" or "-?" or "--help");

    /// <summary>Runs a command.</summary>
    /// <returns>0 for success, 1 for problems in the data, 2 if the command failed.</returns>
    public static async Task<int> RunAsync(
        IReadOnlyList<string> arguments, TextWriter output, TextWriter error, CancellationToken cancellationToken)
    {
        var root = new RootCommand(
            "ForegSyte JobService. Without a command it starts the service. All commands but keys need it stopped.")
        {
            Backup(output),
            Restore(output),
            Verify(output),
            Rebuild(output),
            Export(output),
            Import(output),
            KeyCommands.Create(output),
        };
        try
        {
            return await root.Parse(arguments).InvokeAsync(
                new InvocationConfiguration { Output = output, Error = error, EnableDefaultExceptionHandler = false },
                cancellationToken);
        }
        catch (Exception failure) when (
            failure is DatabaseException or AdminException or FormatException or IOException
                or UnauthorizedAccessException or OptionsValidationException or ServiceException
                or ObjectStorageException)
        {
            await error.WriteLineAsync(ControlCharacters.Escape($"JobService {arguments[0]}: {failure.Message}"));
            return 2;
        }
    }

    private static Command Backup(TextWriter output)
    {
        var to = new Option<string>("--to")
        {
            Description = "Folder for the backup; must be new or empty.",
            Required = true,
        };
        return Make(
            "backup",
            "Copy the database, with a hash. Videos and results are not included: copy the storage folder too.",
            [to],
            (tools, arguments, _) => Task.FromResult(DatabaseBackup.Write(
                tools.DuckDb, Path.GetFullPath(arguments.GetValue(to)!), tools.Time, output)));
    }

    private static Command Restore(TextWriter output)
    {
        var from = new Option<string>("--from") { Description = "Folder of a backup.", Required = true };
        return Make(
            "restore", "Replace the database with a backup. The current database is set aside.",
            [from],
            (tools, arguments, _) => Task.FromResult(DatabaseRestore.Run(
                tools.DuckDb, Path.GetFullPath(arguments.GetValue(from)!), tools.Time, output)));
    }

    private static Command Verify(TextWriter output) => Make(
        "verify", "Check that the database is readable and matches the files of its jobs.", [],
        (tools, _, cancellationToken) => StoreVerification.RunAsync(tools, output, cancellationToken));

    private static Command Rebuild(TextWriter output)
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
            "rebuild", "Create a new database from the files in the storage folder.",
            [pipeline, tenant],
            (tools, arguments, cancellationToken) => DatabaseRebuild.RunAsync(
                tools, arguments.GetValue(pipeline), arguments.GetValue(tenant)!, output, cancellationToken));
    }

    private static Command Export(TextWriter output)
    {
        var to = new Argument<string>("folder") { Description = "Folder for the export; must be new or empty." };
        return Make(
            "export",
            "Copy all jobs with videos, results and finished segments into a folder that import reads, to move them to "
            + "another database or storage.",
            [to],
            (tools, arguments, cancellationToken) => JobExport.RunAsync(
                tools, Path.GetFullPath(arguments.GetValue(to)!), output, cancellationToken));
    }

    private static Command Import(TextWriter output)
    {
        var from = new Argument<string>("folder") { Description = "Folder of an export." };
        return Make(
            "import",
            "Store the jobs of an export in the configured database and storage. Jobs that are there are skipped, so "
            + "an interrupted import can run again.",
            [from],
            (tools, arguments, cancellationToken) => JobImport.RunAsync(
                tools, Path.GetFullPath(arguments.GetValue(from)!), output, cancellationToken));
    }

    private static Command Make(
        string name, string description, IReadOnlyList<Symbol> symbols,
        Func<AdminTools, ParseResult, CancellationToken, Task<int>> run)
    {
        var command = new Command(name, description) { TreatUnmatchedTokensAsErrors = false };
        foreach (var option in symbols.OfType<Option>())
        {
            command.Add(option);
        }

        foreach (var argument in symbols.OfType<Argument>())
        {
            command.Add(argument);
        }

        command.SetAction(async (arguments, cancellationToken) =>
        {
            if (StartupArguments.ProblemIn(arguments.UnmatchedTokens, Commands) is { } problem)
            {
                throw new AdminException(problem);
            }

            await using var tools = await AdminTools.OpenAsync([.. arguments.UnmatchedTokens]);
            return await run(tools, arguments, cancellationToken);
        });
        return command;
    }
}

/// <summary>A command failed. The message tells the operator what is wrong and what to do.</summary>
internal sealed class AdminException(string message, Exception? innerException = null)
    : Exception(message, innerException);
