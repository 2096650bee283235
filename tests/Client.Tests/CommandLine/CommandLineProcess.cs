using System.Diagnostics;
using ForegSyte.Testing;

namespace ForegSyte.Client.Tests.CommandLine;

/// <summary>The command line in a separate process. Disposing kills it.</summary>
internal sealed class CommandLineProcess : IAsyncDisposable
{
    private readonly Process _process;
    private readonly Task<string> _output;
    private readonly Task<string> _error;

    private CommandLineProcess(ProcessStartInfo start)
    {
        _process = Process.Start(start)!;
        _output = _process.StandardOutput.ReadToEndAsync();
        _error = _process.StandardError.ReadToEndAsync();
    }

    /// <summary>Starts the command line.</summary>
    /// <param name="stateHome">XDG_STATE_HOME of the process.</param>
    /// <param name="settings">Further environment variables.</param>
    /// <param name="arguments">Arguments.</param>
    public static CommandLineProcess Start(
        string stateHome, IReadOnlyDictionary<string, string> settings, params string[] arguments)
    {
        // Tests and programs have the same build configuration and folder layout.
        var output = new DirectoryInfo(AppContext.BaseDirectory);
        var program = Path.Combine(
            RepositoryFiles.Root, "src", "Client", "CommandLine", "bin", output.Parent!.Name, output.Name,
            "foregsyte.dll");
        var start = new ProcessStartInfo("dotnet", [program, .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["XDG_STATE_HOME"] = stateHome;
        foreach (var (name, value) in settings)
        {
            start.Environment[name] = value;
        }

        return new CommandLineProcess(start);
    }

    /// <summary>Kills the process (SIGKILL) and waits for its exit.</summary>
    public async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
    }

    /// <summary>Waits for the exit of the process.</summary>
    public async Task<CommandLineRun> EndAsync(CancellationToken cancellationToken)
    {
        await _process.WaitForExitAsync(cancellationToken);
        return new CommandLineRun(_process.ExitCode, await _output, await _error);
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            await KillAsync();
        }

        _process.Dispose();
    }
}
