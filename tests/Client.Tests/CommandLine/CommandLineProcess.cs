using System.Diagnostics;
using ForegSyte.Testing;

namespace ForegSyte.Client.Tests.CommandLine;

/// <summary>The command line in a process of its own. Disposing kills it if it still runs.</summary>
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

    /// <param name="stateHome">Its XDG_STATE_HOME.</param>
    /// <param name="settings">Further environment variables.</param>
    /// <param name="arguments">Its arguments.</param>
    public static CommandLineProcess Start(
        string stateHome, IReadOnlyDictionary<string, string> settings, params string[] arguments)
    {
        // Tests and programs are built with the same configuration, into folders of the same form.
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

    /// <summary>Ends it at once (SIGKILL) and returns when it is gone.</summary>
    public async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
    }

    /// <summary>Waits until it has ended.</summary>
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
