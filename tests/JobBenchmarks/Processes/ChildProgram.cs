using System.Diagnostics;

namespace ForegSyte.JobBenchmarks.Processes;

/// <summary>
/// A .NET program that talks over its standard input and output, one line each. Disposing closes its input, which ends
/// the benchmark's own programs, and kills it if it still runs.
/// </summary>
internal sealed class ChildProgram : IAsyncDisposable
{
    private static readonly TimeSpan EndTimeout = TimeSpan.FromSeconds(10);

    private readonly Process _process;

    private ChildProgram(ProcessStartInfo start)
    {
        _process = new Process { StartInfo = start };
        _process.Start();
    }

    /// <summary>Its process id.</summary>
    public int Id => _process.Id;

    /// <summary>Starts this program in another role.</summary>
    /// <param name="role">A subcommand of it, with arguments.</param>
    public static ChildProgram StartOwn(params string[] role) =>
        Start(typeof(ChildProgram).Assembly.Location, serverCollector: role[0] is "echo" or "sink", role);

    /// <summary>Starts a built program.</summary>
    /// <param name="assemblyPath">The program.</param>
    /// <param name="serverCollector">Whether it gets the garbage collector that ASP.NET services have.</param>
    /// <param name="arguments">Its arguments.</param>
    public static ChildProgram Start(string assemblyPath, bool serverCollector, params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet") { RedirectStandardInput = true, RedirectStandardOutput = true };
        start.ArgumentList.Add(assemblyPath);
        Array.ForEach(arguments, start.ArgumentList.Add);
        if (serverCollector)
        {
            start.Environment["DOTNET_gcServer"] = "1";
        }

        return new ChildProgram(start);
    }

    /// <summary>Sends a line.</summary>
    public async Task WriteLineAsync(string line, CancellationToken cancellationToken)
    {
        await _process.StandardInput.WriteLineAsync(line.AsMemory(), cancellationToken);
        await _process.StandardInput.FlushAsync(cancellationToken);
    }

    /// <summary>The next line that it prints.</summary>
    /// <exception cref="InvalidOperationException">It ended.</exception>
    public async Task<string> ReadLineAsync(CancellationToken cancellationToken) =>
        await _process.StandardOutput.ReadLineAsync(cancellationToken)
        ?? throw new InvalidOperationException(
            $"{string.Join(' ', _process.StartInfo.ArgumentList)} ended unexpectedly.");

    /// <summary>Ends it at once (SIGKILL).</summary>
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
