using System.CommandLine;
using ForegSyte.Jobs.Storage;

namespace ForegSyte.Jobs.Admin;

/// <summary>
/// The commands for operators, on a service that is stopped: they open the database themselves. Settings are those of
/// the service and come from the same places; on the command line they follow the command, as in
/// "JobService verify --DataDirectory=/srv/foregsyte".
/// </summary>
internal static class AdminCommandLine
{
    private static readonly string[] Names = ["backup", "restore", "verify", "rebuild", "keys", "-h", "-?", "--help"];

    /// <summary>Whether the arguments are a command and not settings of the service.</summary>
    public static bool Handles(IReadOnlyList<string> arguments) =>
        arguments is [var first, ..] && Names.Contains(first);

    /// <summary>Runs a command.</summary>
    /// <returns>0; 1 where something is wrong with the data; 2 where the command could not be run.</returns>
    public static async Task<int> RunAsync(
        IReadOnlyList<string> arguments, TextWriter output, TextWriter error, CancellationToken cancellationToken)
    {
        var root = new RootCommand(
            "JobService of ForegSyte. Without a command it serves; the commands want it stopped.")
        {
            Backup(output),
            Restore(output),
            Verify(output),
            Rebuild(output),
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
                or UnauthorizedAccessException
            or Microsoft.Extensions.Options.OptionsValidationException)
        {
            await error.WriteLineAsync($"JobService {arguments[0]}: {failure.Message}");
            return 2;
        }
    }

    private static Command Backup(TextWriter output)
    {
        var to = new Option<string>("--to")
        {
            Description = "Folder for the copy; has to be new or empty.",
            Required = true,
        };
        return Make(
            "backup",
            "Write a copy of the database, with its hash. Videos and results are files: copy their folder too.",
            [to],
            (tools, arguments) => DatabaseBackup.Write(
                tools.Database, Path.GetFullPath(arguments.GetValue(to)!), tools.Time, output));
    }

    private static Command Restore(TextWriter output)
    {
        var from = new Option<string>("--from") { Description = "Folder that backup wrote.", Required = true };
        return Make(
            "restore", "Put the copy of a backup in the place of the database, which is set aside.",
            [from],
            (tools, arguments) => DatabaseRestore.Run(
                tools.Database, Path.GetFullPath(arguments.GetValue(from)!), tools.Time, output));
    }

    private static Command Verify(TextWriter output) => Make(
        "verify", "Check that the database can be read and agrees with the files of its jobs.", [],
        (tools, _) => StoreVerification.Run(tools, output));

    private static Command Rebuild(TextWriter output)
    {
        var pipeline = new Option<string?>("--pipeline")
        {
            Description =
                "Pipeline of the jobs that are made of videos without results. Without it they are only told.",
        };
        var tenant = new Option<string>("--tenant")
        {
            Description = "Whom those jobs are to belong to; without it only an admin sees them.",
            DefaultValueFactory = _ => "",
        };
        return Make(
            "rebuild", "Make a new database from the videos and results in the storage folder.",
            [pipeline, tenant],
            (tools, arguments) => DatabaseRebuild.Run(
                tools, arguments.GetValue(pipeline), arguments.GetValue(tenant)!, output));
    }

    private static Command Make(
        string name, string description, IReadOnlyList<Option> options, Func<AdminTools, ParseResult, int> run)
    {
        var command = new Command(name, description) { TreatUnmatchedTokensAsErrors = false };
        foreach (var option in options)
        {
            command.Add(option);
        }

        command.SetAction(arguments =>
        {
            using var tools = AdminTools.Open([.. arguments.UnmatchedTokens]);
            return run(tools, arguments);
        });
        return command;
    }
}
