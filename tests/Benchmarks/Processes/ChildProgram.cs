using System.Diagnostics;

namespace ForegSyte.Benchmarks.Processes;

/// <summary>
/// A .NET program that reads commands from its standard input and prints answers, one line each. Disposing closes its
/// input, which ends the benchmark's own programs, and kills it if it does not end.
/// </summary>
internal sealed class ChildProgram : IAsyncDisposable
{
    private static readonly TimeSpan EndTimeout = TimeSpan.FromSeconds(30);

    private static readonly string OwnPath = typeof(ChildProgram).Assembly.Location;

    private readonly Process _process;

    private ChildProgram(ProcessStartInfo start)
    {
        _process = new Process { StartInfo = start };
        _process.Start();
    }

    public int Id => _process.Id;

    /// <summary>Starts this program in another role.</summary>
    /// <param name="role">The subcommand.</param>
    /// <param name="serverCollector">Whether to use the garbage collector that ASP.NET services use.</param>
    /// <param name="niceness">Its niceness, 0 to 19, above that of this program.</param>
    public static ChildProgram StartOwn(string role, bool serverCollector = false, int niceness = 0) =>
        Start("nice", ["-n", FormattableString.Invariant($"{niceness}"), "dotnet", OwnPath, role], serverCollector);

    /// <summary>Starts a built program.</summary>
    public static ChildProgram Start(string assemblyPath, bool serverCollector, params string[] arguments) =>
        Start("dotnet", [assemblyPath, .. arguments], serverCollector);

    private static ChildProgram Start(string program, string[] arguments, bool serverCollector)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
        if (serverCollector)
        {
            start.Environment["DOTNET_gcServer"] = "1";
        }

        return new ChildProgram(start);
    }

    public async Task WriteLineAsync(string line, CancellationToken cancellationToken)
    {
        await _process.StandardInput.WriteLineAsync(line.AsMemory(), cancellationToken);
        await _process.StandardInput.FlushAsync(cancellationToken);
    }

    /// <summary>Reads the next line of its output.</summary>
    /// <exception cref="InvalidOperationException">The program ended.</exception>
    public async Task<string> ReadLineAsync(CancellationToken cancellationToken) =>
        await _process.StandardOutput.ReadLineAsync(cancellationToken)
        ?? throw new InvalidOperationException(
            $"{string.Join(' ', _process.StartInfo.ArgumentList)} ended unexpectedly.");

    /// <summary>Kills it (SIGKILL).</summary>
    public async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.StandardInput.Close();
            using var limit = new CancellationTokenSource(EndTimeout);
            try
            {
                await _process.WaitForExitAsync(limit.Token);
            }
            catch (OperationCanceledException)
            {
                await KillAsync();
            }
        }

        _process.Dispose();
    }
}
