using ForegSyte.Cluster.Running;
using ForegSyte.Cluster.Scenarios;
using ForegSyte.Testing.Servers;

namespace ForegSyte.Cluster.Tests;

/// <summary>
/// A short run of the scenarios with two JobServices over PostgreSQL. Every acknowledged job must end once with the
/// right results.
/// </summary>
public sealed class PostgresClusterTests(PostgresClusterTests.Servers servers)
    : IClassFixture<PostgresClusterTests.Servers>
{
    private static readonly FaultLimits Short = new() { Faults = 2, Interval = TimeSpan.FromSeconds(1), Callers = 6 };

    private static readonly ClusterSettings Cluster = new()
    {
        Nodes = 2,
        Devices = 2,
        Store = StoreKind.PostgreSql,
        Storage = StorageKind.S3,
        SegmentTime = TimeSpan.FromMilliseconds(50),
        Lease = TimeSpan.FromSeconds(2),
    };

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("kills")]
    [InlineData("freeze")]
    [InlineData("database")]
    public async Task Faults_OfTwoJobServices_EndEachJobOnce(string name)
    {
        SkipWithoutServers();
        var scenario = FaultScenarios.All.Single(scenario => scenario.Name == name);
        Assert.SkipUnless(scenario.MissingReason(Cluster) is null, scenario.MissingReason(Cluster) ?? "");

        await CheckAsync(await scenario.RunAsync(Cluster, servers.Cluster, Short, Token));
    }

    [Fact]
    public async Task NetworkCut_OfOneOfTwoJobServices_EndsEachJobOnce()
    {
        SkipWithoutServers();
        var (report, missing) = await NetworkScenario.RunAsync(Cluster, Short, Token);
        Assert.SkipWhen(report is null, missing ?? "");

        await CheckAsync(report);
    }

    [Fact]
    public async Task Results_OfTwoInferenceServices_AreThoseOfOne()
    {
        SkipWithoutServers();

        var row = await EqualityScenario.RunAsync(Cluster, servers.Cluster, Token);
        Assert.Equal(true, row.Reached);
    }

    private static void SkipWithoutServers()
    {
        Assert.SkipUnless(PostgresServer.MissingReason is null, PostgresServer.MissingReason ?? "");
        Assert.SkipUnless(CephServer.MissingReason is null, CephServer.MissingReason ?? "");
    }

    private static async Task CheckAsync(FaultReport report)
    {
        Assert.True(report.Counts.Completed > 0, "No job completed, so that the scenario checks nothing.");
        await Console.Out.WriteLineAsync(
            string.Join('\n', report.Rows.Select(row => $"{row.What}: {row.Figure}").Concat(report.Timeline)));
    }

    /// <summary>The servers of all tests of the class.</summary>
    public sealed class Servers : IAsyncDisposable
    {
        /// <summary>Started by the first test that needs them.</summary>
        internal ClusterServers Cluster { get; } = new();

        /// <inheritdoc />
        public ValueTask DisposeAsync() => Cluster.DisposeAsync();
    }
}
