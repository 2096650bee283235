using System.CommandLine;
using System.Diagnostics;
using ForegSyte.Client;
using ForegSyte.CommandLine.Output;
using ForegSyte.Protocol.Text;
using OpenTelemetry;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;
using Spectre.Console;

namespace ForegSyte.CommandLine.Invocation;

/// <summary>Runs a command: creates its client, applies --timeout, and turns its failure into an exit code.</summary>
internal sealed class CommandRunner(CommandEnvironment environment, GlobalOptions globals)
{
    /// <summary>The process environment.</summary>
    public CommandEnvironment Environment => environment;

    /// <summary>Creates a client for the server that the arguments name.</summary>
    /// <exception cref="ArgumentException">The arguments are invalid.</exception>
    /// <exception cref="IOException">A credential file cannot be read.</exception>
    public ForegSyteClient Connect(ParseResult arguments) => new(environment.ClientOptions with
    {
        Address = arguments.GetRequiredValue(globals.Server),
        Credentials = globals.Credentials.Read(arguments),
        TimeProvider = environment.TimeProvider,
    });

    /// <summary>Runs the body of a command; never throws.</summary>
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
        var timeout = arguments.GetValue(globals.Timeout);
        using var timer = new CancellationTokenSource(timeout ?? Timeout.InfiniteTimeSpan, environment.TimeProvider);
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
            var failure = caught is OperationCanceledException && timer.IsCancellationRequested && timeout is { } limit
                ? new TimeoutException(
                    $"The command exceeded --timeout {DurationText.Approximate(limit)}."
                    + await WhyAsync(arguments.GetRequiredValue(globals.Server)), caught)
                : caught;
            if (ExitCodes.HasNoConnection(failure)
                && await ServerProbe.DescribeAsync(arguments.GetRequiredValue(globals.Server)) is { } found)
            {
                failure = new ForegSyteException(Grpc.Core.StatusCode.Unavailable, found, failure);
                ErrorReport.Write(error, failure, isVerbose, advice: "");
                return (int)ExitCode.Unavailable;
            }

            ErrorReport.Write(error, failure, isVerbose);
            return (int)ExitCodes.Of(failure);
        }
        finally
        {
            await environment.Output.FlushAsync(CancellationToken.None);
        }
    }

    /// <summary>Why a call can have waited so long: retries during an outage of the server say nothing.</summary>
    private static async Task<string> WhyAsync(Uri server) => await ServerProbe.ListensAsync(server)
        ? ""
        : $" Nothing listens at {server}: check that the JobService is running and that the address is correct.";
}

/// <summary>Services of a command.</summary>
/// <param name="Client">Client of the server.</param>
/// <param name="Environment">Process environment.</param>
/// <param name="Output">Console on standard output, for results.</param>
/// <param name="Error">Console on standard error, for hints and errors.</param>
/// <param name="Progress">Progress display on standard error.</param>
/// <param name="IsVerbose">Whether errors include their whole cause.</param>
internal sealed record CommandContext(
    ForegSyteClient Client,
    CommandEnvironment Environment,
    IAnsiConsole Output,
    IAnsiConsole Error,
    IProgressDisplay Progress,
    bool IsVerbose)
{
    /// <summary>The whole id of a job of which the user gave the first digits.</summary>
    public Task<string> JobIdAsync(string given, CancellationToken cancellationToken) =>
        JobIds.ResolveAsync(Client, given, cancellationToken);

    /// <summary>Writes the path of a new file to standard output, relative to the current folder.</summary>
    public void WritePath(string what, string path) => Environment.Output.WriteLine(
        $"{what}: {SafeText.OneLine(Path.GetRelativePath(Environment.CurrentFolder, path))}");

    /// <summary>Writes a hint to standard error.</summary>
    public void Hint(string text) => Error.WriteLine(text, new Style(decoration: Decoration.Dim));
}

/// <summary>Creates consoles.</summary>
internal static class Consoles
{
    // Lines in a pipe or a file are not wrapped.
    private const int WidthOfPipes = 1000;

    /// <summary>Opens a console that uses colors and line wrapping only on a terminal.</summary>
    public static IAnsiConsole Open(TextWriter writer, bool isTerminal)
    {
        var console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new AnsiConsoleOutput(writer),
            Ansi = isTerminal ? AnsiSupport.Detect : AnsiSupport.No,
            ColorSystem = isTerminal ? ColorSystemSupport.Detect : ColorSystemSupport.NoColors,
            Interactive = isTerminal ? InteractionSupport.Detect : InteractionSupport.No,
        });
        console.Pipeline.Attach(new SafeTextHook());
        if (!isTerminal)
        {
            console.Profile.Width = WidthOfPipes;
        }

        return console;
    }
}

/// <summary>
/// The trace of one command: a span around its calls, exported to the collector of OpenTelemetry's environment
/// variables (OTEL_EXPORTER_OTLP_ENDPOINT). Does nothing without a collector. Disposing exports the remaining spans.
/// </summary>
internal sealed class CommandTrace : IDisposable
{
    private const string SourceName = "ForegSyte.CommandLine";
    private static readonly ActivitySource Source = new(SourceName);

    private readonly TracerProvider? _provider;
    private readonly Activity? _span;

    public CommandTrace(CommandEnvironment environment, string command)
    {
        if (IsSet("OTEL_EXPORTER_OTLP_ENDPOINT") || IsSet("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"))
        {
            _provider = Sdk.CreateTracerProviderBuilder()
                .ConfigureResource(resource => resource.AddService("foregsyte").AddEnvironmentVariableDetector())
                .AddSource(SourceName, ForegSyteTraces.SourceName)
                .AddOtlpExporter()
                .Build();
            _span = Source.StartActivity($"foregsyte {command}");
        }

        bool IsSet(string name) => !string.IsNullOrEmpty(environment.EnvironmentVariable(name));
    }

    public void SetExitCode(int exitCode) => _span
        ?.SetTag("process.exit.code", exitCode)
        .SetStatus(exitCode == 0 ? ActivityStatusCode.Unset : ActivityStatusCode.Error);

    public void Dispose()
    {
        _span?.Dispose();
        _provider?.Dispose();
    }
}
