using ForegSyte.Cluster.Running;
using ForegSyte.Cluster.Scenarios;

namespace ForegSyte.Cluster.Tests;

/// <summary>
/// A short run of the cluster's scenarios (`make cluster` runs all of them for longer). Every job must end once with
/// the right results; how fast they end depends on the machine and is only printed.
/// </summary>
public sealed class ClusterTests
{
    private static readonly FaultLimits Short = new() { Faults = 2, Interval = TimeSpan.FromSeconds(1), Callers = 6 };

    private static readonly ClusterSettings Embedded = new()
    {
        Nodes = 1,
        Devices = 2,
        Store = StoreKind.DuckDb,
        Storage = StorageKind.Local,
        SegmentTime = TimeSpan.FromMilliseconds(50),
        Lease = TimeSpan.FromSeconds(2),
    };

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Scaling_OfOneJobService_UsesAllDevices()
    {
        await using var servers = new ClusterServers();
        var rows = await ScalingScenario.MeasureAsync(Embedded, servers, TimeSpan.FromSeconds(2), Token);

        Assert.NotNull(rows[0].Ratio);

        // A device cannot be busy for more than all the time, but its times are in whole milliseconds.
        Assert.InRange(rows[0].Ratio!.Value, double.Epsilon, 1.05);
        await Console.Out.WriteLineAsync($"{rows[0].What}: {rows[0].Figure}, {rows[0].Baseline}");
    }

    [Fact]
    public async Task Kills_OfTheOnlyJobService_EndEachJobOnce() => await RunAsync("kills", Embedded);

    [Fact]
    public async Task Freeze_OfTheOnlyJobService_EndsEachJobOnce() => await RunAsync("freeze", Embedded);

    private static async Task RunAsync(string name, ClusterSettings settings)
    {
        var scenario = FaultScenarios.All.Single(scenario => scenario.Name == name);
        Assert.Null(scenario.MissingReason(settings));
        await using var servers = new ClusterServers();
        var report = await scenario.RunAsync(settings, servers, Short, Token);

        Assert.True(report.Counts.Completed > 0, "No job completed, so that the scenario checks nothing.");
        await Console.Out.WriteLineAsync($"{report.Rows[0].What}: {report.Rows[0].Figure}");
    }
}
