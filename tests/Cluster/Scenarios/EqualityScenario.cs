using ForegSyte.Benchmarks;
using ForegSyte.Cluster.Running;
using ForegSyte.Testing.Faults;

namespace ForegSyte.Cluster.Scenarios;

/// <summary>Two real InferenceServices on the CPU give the same bytes as one.</summary>
internal static class EqualityScenario
{
    /// <summary>Runs each request with one and with two InferenceServices and compares the results.</summary>
    public static async Task<Row> RunAsync(
        ClusterSettings settings, ClusterServers servers, CancellationToken cancellationToken)
    {
        var real = settings with { SegmentTime = null, SegmentFrames = JobRequest.SegmentFrames };
        var one = await ResultsAsync(real with { Devices = 1, Nodes = 1 }, servers, cancellationToken);
        var two = await ResultsAsync(real with { Devices = 2 }, servers, cancellationToken);
        return new Row(
            "results of two InferenceServices on the CPU",
            FormattableString.Invariant($"{one.Count} jobs, {one.Sum(bytes => bytes.Length)} bytes"))
        {
            Baseline = "one InferenceService",
            Goal = "the same bytes",
            Reached = one.Zip(two).All(pair => pair.First.AsSpan().SequenceEqual(pair.Second)),
        };
    }

    private static async Task<IReadOnlyList<byte[]>> ResultsAsync(
        ClusterSettings settings, ClusterServers servers, CancellationToken cancellationToken)
    {
        await using var cluster = await RunningCluster.StartAsync(settings, servers);
        var baselineOf = await cluster.RunBaselineAsync(cancellationToken);
        return [.. JobRequest.All.Select(request => baselineOf(request).Results)];
    }
}
