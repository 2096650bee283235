using System.CommandLine;
using System.CommandLine.Invocation;
using ForegSyte.CommandLine.Commands;
using ForegSyte.CommandLine.Completion;
using ForegSyte.CommandLine.Invocation;

namespace ForegSyte.CommandLine;

/// <summary>The command line as a function of its arguments.</summary>
internal static class ForegSyteCommandLine
{
    /// <summary>Time that a command has after Ctrl-C to print how to continue.</summary>
    private static readonly TimeSpan InterruptionGrace = TimeSpan.FromSeconds(10);

    /// <summary>Runs one command.</summary>
    /// <returns>The exit code, see <see cref="ExitCode"/>.</returns>
    public static async Task<int> RunAsync(
        IReadOnlyList<string> arguments, CommandEnvironment environment, CancellationToken cancellationToken)
    {
        var parsed = Root(environment).Parse(arguments);
        if (parsed.Action is ParseErrorAction)
        {
            var error = Consoles.Open(environment.Error, environment.ErrorIsTerminal);
            ErrorReport.WriteUsage(error, parsed);
            return (int)ExitCode.InvalidArgument;
        }

        return await parsed.InvokeAsync(
            new InvocationConfiguration
            {
                Output = environment.Output,
                Error = environment.Error,
                EnableDefaultExceptionHandler = false,
                ProcessTerminationTimeout = InterruptionGrace,
            },
            cancellationToken);
    }

    /// <summary>Creates the commands.</summary>
    internal static RootCommand Root(CommandEnvironment environment)
    {
        var globals = new GlobalOptions(environment);
        var runner = new CommandRunner(environment, globals);
        var root = new RootCommand($"ForegSyte finds objects and reads text in videos.\n\n{ExitCodes.Help}")
        {
            AnalyzeCommand.Create(runner),
            SubmitCommand.Create(runner),
            WaitCommand.Create(runner),
            GetCommand.Create(runner),
            ResultsCommand.Create(runner),
            TracksCommands.CreateTracks(runner),
            TracksCommands.CreateTexts(runner),
            TracksCommands.CreateShots(runner),
            ExportCommand.Create(runner),
            AnnotateCommand.Create(runner),
            ListCommand.Create(runner),
            SearchCommands.Create(runner),
            UpdateCommand.Create(runner),
            CancelCommand.Create(runner),
            RetryCommand.Create(runner),
            DeleteCommand.Create(runner),
            PipelinesCommand.Create(runner),
            DiagnoseCommand.Create(runner),
            InfoCommand.Create(runner),
            DrainCommand.Create(runner),
            DrainCommand.CreateUndrain(runner),
            NodesCommand.Create(runner),
            UsageCommand.Create(runner),
            BackupCommand.Create(runner),
            CompletionCommand.Create(environment),
        };
        root.Add(CompleteDirective.Create(root, runner, environment));
        globals.AddTo(root);
        return root;
    }
}
