using ForegSyte.Client.Tests.Fakes;
using ForegSyte.CommandLine;
using ForegSyte.CommandLine.Invocation;

namespace ForegSyte.Client.Tests.CommandLine;

/// <summary>The outcome of one run of the command line inside the test process.</summary>
internal sealed record CommandLineRun(int ExitCode, string Output, string Error)
{
    /// <summary>What the command wrote as bytes to standard output.</summary>
    public byte[] Bytes { get; init; } = [];

    public static Task<CommandLineRun> OnAsync(ScriptedServer server, params string[] arguments) =>
        StartAsync([.. arguments, "--server", server.Address.ToString()], CancellationToken.None);

    public static async Task<CommandLineRun> StartAsync(
        string[] arguments,
        CancellationToken cancellationToken,
        string? currentFolder = null,
        Func<string, string?>? environmentVariable = null,
        TextReader? terminal = null,
        bool outputIsTerminal = false)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        using var bytes = new MemoryStream();
        var exitCode = await ForegSyteCommandLine.RunAsync(
            arguments,
            new CommandEnvironment
            {
                Output = output,
                OpenOutput = () => bytes,
                OutputIsTerminal = outputIsTerminal,
                Error = error,
                ReadLine = (terminal ?? TextReader.Null).ReadLine,
                InputIsTerminal = terminal is not null,
                ErrorIsTerminal = terminal is not null,
                CurrentFolder = currentFolder ?? Path.GetTempPath(),
                EnvironmentVariable = environmentVariable ?? (_ => null),
                ClientOptions = new ForegSyteClientOptions
                {
                    RetryBaseDelay = TimeSpan.FromMilliseconds(1),
                    RetryMaxDelay = TimeSpan.FromMilliseconds(1),
                    MaxOutage = TimeSpan.FromSeconds(1),
                    Uploads = new UploadOptions
                    {
                        StateFolder = currentFolder is null ? null : Path.Combine(currentFolder, "uploads"),
                    },
                },
            },
            cancellationToken);
        return new CommandLineRun(exitCode, output.ToString(), error.ToString()) { Bytes = bytes.ToArray() };
    }
}
