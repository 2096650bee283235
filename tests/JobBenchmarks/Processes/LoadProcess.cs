using System.Diagnostics;
using System.Text.Json;
using ForegSyte.JobBenchmarks.Load;

namespace ForegSyte.JobBenchmarks.Processes;

/// <summary>The load generator in a process of its own, so that it is the same for every server.</summary>
internal sealed class LoadProcess : IAsyncDisposable
{
    private readonly ChildProgram _program = ChildProgram.StartOwn("load");

    /// <summary>Makes a load and returns when it is over.</summary>
    public async Task<LoadResult> RunAsync(LoadOrder order, CancellationToken cancellationToken)
    {
        await _program.WriteLineAsync(JsonSerializer.Serialize(order), cancellationToken);
        return JsonSerializer.Deserialize<LoadResult>(await _program.ReadLineAsync(cancellationToken))!;
    }

    /// <summary>The same, with the processor time of the server: foreign load on the machine spoils it least.</summary>
    public async Task<LoadResult> RunAsync(LoadOrder order, int serverProcessId, CancellationToken cancellationToken)
    {
        using var server = Process.GetProcessById(serverProcessId);
        var before = server.TotalProcessorTime;
        var result = await RunAsync(order, cancellationToken);
        server.Refresh();
        return result with { ServerTimePerCall = (server.TotalProcessorTime - before) / Math.Max(1, result.Calls) };
    }

    /// <inheritdoc />
    public ValueTask DisposeAsync() => _program.DisposeAsync();
}
