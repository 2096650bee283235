using System.CommandLine;
using ForegSyte.Client;
using ForegSyte.CommandLine.Output;
using ForegSyte.CommandLine.Waiting;

namespace ForegSyte.CommandLine.Running;

/// <summary>
/// Runs the body of a command: gives it a client, limits its time, and turns its failure into an exit code.
/// </summary>
internal sealed class CommandRunner(CommandEnvironment environment, GlobalOptions globals)
{
    /// <summary>A client of the server that the arguments name.</summary>
    /// <exception cref="ArgumentException">They do not go together.</exception>
    /// <exception cref="IOException">A file that they name cannot be read.</exception>
    public ForegSyteClient Connect(ParseResult arguments) => new(environment.ClientOptions with
    {
        Address = arguments.GetRequiredValue(globals.Server),
        Credentials = globals.Credentials.Read(arguments),
        TimeProvider = environment.TimeProvider,
    });

    /// <summary>Runs the body; never throws.</summary>
    public async Task<int> RunAsync(
        ParseResult arguments,
        Func<CommandContext, CancellationToken, Task<ExitCode>> body,
        CancellationToken cancellationToken)
    {
        using var trace = new CommandTrace(environment, arguments.CommandResult.Command.Name);
        var exitCode = await RunBodyAsync(arguments, body, cancellationToken);
        trace.SetExitCode(exitCode);
        return exitCode;
    }

    private async Task<int> RunBodyAsync(
        ParseResult arguments,
        Func<CommandContext, CancellationToken, Task<ExitCode>> body,
        CancellationToken cancellationToken)
    {
        var error = Consoles.Open(environment.Error, environment.ErrorIsTerminal);
        var isVerbose = arguments.GetValue(globals.Verbose);
        var limit = arguments.GetValue(globals.Timeout);
        using var timer = new CancellationTokenSource(limit ?? Timeout.InfiniteTimeSpan, environment.TimeProvider);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timer.Token, cancellationToken);
        try
        {
            await using var client = Connect(arguments);
            IProgressDisplay progress = environment.ErrorIsTerminal && error.Profile.Capabilities.Interactive
                ? new LiveProgressDisplay(error, environment.TimeProvider)
                : new PlainProgressDisplay(environment.Error, environment.TimeProvider);
            var output = Consoles.Open(environment.Output, environment.OutputIsTerminal);
            var context = new CommandContext(client, environment, output, error, progress, isVerbose);
            return (int)await body(context, either.Token);
        }
        catch (Exception caught)
        {
            var failure = caught is OperationCanceledException && timer.IsCancellationRequested && limit is { } most
                ? new TimeoutException($"It took longer than --timeout {DurationText.Format(most)}.", caught)
                : caught;
            ErrorReport.Write(error, failure, isVerbose);
            return (int)ExitCodes.Of(failure);
        }
        finally
        {
            await environment.Output.FlushAsync(CancellationToken.None);
        }
    }
}
