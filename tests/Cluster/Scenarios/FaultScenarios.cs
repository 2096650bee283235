using System.Diagnostics.CodeAnalysis;
using ForegSyte.Cluster.Running;
using ForegSyte.Testing.Servers;

namespace ForegSyte.Cluster.Scenarios;

/// <summary>All scenarios with faults.</summary>
[SuppressMessage("Security", "CA5394", Justification = "A seeded sequence that can be repeated is the point.")]
internal static class FaultScenarios
{
    /// <summary>Name of the scenario that starts with an earlier version.</summary>
    public const string Upgrade = "upgrade";

    private const string ClockOffset = "+60s";

    private static readonly TimeSpan DownTime = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan OutageTime = TimeSpan.FromSeconds(5);

    /// <summary>The scenarios.</summary>
    public static IReadOnlyList<FaultScenario> All { get; } =
    [
        new("kills", "a JobService is killed (SIGKILL) every few seconds", KillAsync),
        new("freeze", "a JobService is suspended (SIGSTOP) for two leases", FreezeAsync),
        new("database", "PostgreSQL is killed and started again", CrashDatabaseAsync)
        {
            MissingReason = settings => settings.Store == StoreKind.PostgreSql ? null : "the store is not PostgreSql",
        },
        new("failover", "the leader of two PostgreSQL servers under Patroni is killed", FailOverAsync)
        {
            MissingReason = settings => settings.Store == StoreKind.PostgreSql
                ? PatroniCluster.MissingReason
                : "the store is not PostgreSql",
            Adapt = settings => settings with { HasStandby = true },
        },
        new(Upgrade, "JobServices of an earlier version are replaced one by one, and killed meanwhile", UpgradeAsync)
        {
            MissingReason = settings => NeedsNodes(settings)
                ?? (settings.PreviousFolder is null ? "--previous names no earlier version" : null),
        },
        new("storage", "the S3 server stops, and later does not answer", StopStorageAsync)
        {
            MissingReason = settings => settings.Storage == StorageKind.S3 ? null : "the storage is not S3",
        },
        new("clock", "the clock of a JobService is a minute ahead, another one is killed", KillOthersAsync)
        {
            MissingReason = settings => NeedsNodes(settings)
                ?? (FakeClock() is null ? "libfaketime is not installed (Debian package faketime)" : null),
            Adapt = settings => settings with { Wrapper = index => index == 0 ? FakeClock()! : [] },
        },
    ];

    /// <summary>Why a scenario that leaves a node undisturbed cannot run; null if it can.</summary>
    public static string? NeedsNodes(ClusterSettings settings) =>
        settings.Nodes > 1 ? null : "it needs two JobServices or more";

    private static Task KillAsync(
        RunningCluster cluster, FaultLog faults, FaultLimits limits, CancellationToken cancellationToken) =>
        KillAsync(cluster, firstNode: 0, faults, limits, cancellationToken);

    private static Task KillOthersAsync(
        RunningCluster cluster, FaultLog faults, FaultLimits limits, CancellationToken cancellationToken) =>
        KillAsync(cluster, firstNode: 1, faults, limits, cancellationToken);

    private static async Task KillAsync(
        RunningCluster cluster, int firstNode, FaultLog faults, FaultLimits limits, CancellationToken cancellationToken)
    {
        var random = new Random(limits.Seed);
        for (var i = 0; i < limits.Faults; i++)
        {
            await Task.Delay(limits.Interval, cancellationToken);
            var index = random.Next(firstNode, cluster.Nodes.Count);
            var node = cluster.Nodes[index];
            faults.Add($"{node.Name} is killed", index);
            await node.KillAsync();
            await Task.Delay(DownTime, cancellationToken);
            await node.StartAsync();
            faults.Add($"{node.Name} runs again");
        }
    }

    private static async Task FreezeAsync(
        RunningCluster cluster, FaultLog faults, FaultLimits limits, CancellationToken cancellationToken)
    {
        for (var i = 0; i < Math.Max(1, limits.Faults / 3); i++)
        {
            await Task.Delay(limits.Interval, cancellationToken);
            var index = i % cluster.Nodes.Count;
            var node = cluster.Nodes[index];
            faults.Add($"{node.Name} is suspended", index);
            node.Freeze();
            await Task.Delay(cluster.Settings.Lease * 2, cancellationToken);
            node.Thaw();
            faults.Add($"{node.Name} goes on");
        }
    }

    private static async Task CrashDatabaseAsync(
        RunningCluster cluster, FaultLog faults, FaultLimits limits, CancellationToken cancellationToken)
    {
        for (var i = 0; i < Math.Max(1, limits.Faults / 3); i++)
        {
            await Task.Delay(limits.Interval, cancellationToken);
            faults.Add("PostgreSQL is killed");
            await cluster.Servers.Postgres!.CrashAsync();
            await Task.Delay(DownTime, cancellationToken);
            await cluster.Servers.Postgres.StartAsync();
            faults.Add("PostgreSQL runs again");
        }

        await Task.Delay(limits.Interval, cancellationToken);
    }

    private static async Task FailOverAsync(
        RunningCluster cluster, FaultLog faults, FaultLimits limits, CancellationToken cancellationToken)
    {
        var patroni = cluster.Servers.Patroni!;
        for (var i = 0; i < Math.Max(1, limits.Faults / 3); i++)
        {
            await Task.Delay(limits.Interval, cancellationToken);
            faults.Add("the leading PostgreSQL is killed");
            var killed = await patroni.KillLeaderAsync();
            await patroni.LeaderAsync();
            faults.Add("the standby leads");
            await Task.Delay(limits.Interval, cancellationToken);
            await patroni.StartMemberAsync(killed);
            await patroni.WaitForStandbyAsync();
            faults.Add("the killed PostgreSQL follows");
        }

        await Task.Delay(limits.Interval, cancellationToken);
    }

    private static async Task UpgradeAsync(
        RunningCluster cluster, FaultLog faults, FaultLimits limits, CancellationToken cancellationToken)
    {
        var first = cluster.Nodes[0];
        await Task.Delay(limits.Interval, cancellationToken);
        faults.Add($"{first.Name} stops");
        await first.StopForUpgradeAsync();
        await first.StartAsync();
        faults.Add($"{first.Name} runs the new version, which migrates the database");

        // Both versions take over jobs from the other one.
        await Task.Delay(limits.Interval, cancellationToken);
        faults.Add($"{first.Name} is killed", 0);
        await first.KillAsync();
        await Task.Delay(cluster.Settings.Lease * 2, cancellationToken);
        await first.StartAsync();
        faults.Add($"{first.Name} runs again");
        await Task.Delay(limits.Interval, cancellationToken);
        var second = cluster.Nodes[1];
        faults.Add($"{second.Name} of the earlier version is killed", 1);
        await second.KillAsync();
        await Task.Delay(cluster.Settings.Lease * 2, cancellationToken);
        second.SetCurrentVersion();
        await second.StartAsync();
        faults.Add($"{second.Name} runs the new version");
        foreach (var node in cluster.Nodes.Skip(2))
        {
            await Task.Delay(limits.Interval, cancellationToken);
            faults.Add($"{node.Name} stops");
            await node.StopForUpgradeAsync();
            await node.StartAsync();
            faults.Add($"{node.Name} runs the new version");
        }

        await Task.Delay(limits.Interval, cancellationToken);
    }

    private static async Task StopStorageAsync(
        RunningCluster cluster, FaultLog faults, FaultLimits limits, CancellationToken cancellationToken)
    {
        var ceph = cluster.Servers.Ceph!;
        await Task.Delay(limits.Interval, cancellationToken);
        faults.Add("the S3 server stops");
        await ceph.StopGatewayAsync();
        await Task.Delay(OutageTime, cancellationToken);
        await ceph.StartGatewayAsync();
        faults.Add("the S3 server runs again");
        await Task.Delay(limits.Interval, cancellationToken);
        faults.Add("the S3 server is suspended");
        ceph.Freeze();
        await Task.Delay(OutageTime, cancellationToken);
        ceph.Continue();
        faults.Add("the S3 server goes on");
        await Task.Delay(limits.Interval, cancellationToken);
    }

    /// <summary>
    /// The command that moves the clock of a process, but not the monotonic clock of its waits; null without
    /// libfaketime.
    /// </summary>
    private static string[]? FakeClock() =>
        Directory.EnumerateFiles("/usr/lib", "libfaketimeMT.so.1", new EnumerationOptions
        {
            RecurseSubdirectories = true,
            IgnoreInaccessible = true,
            MaxRecursionDepth = 3,
        }).FirstOrDefault() is { } library
            ?
            [
                "env", $"LD_PRELOAD={library}", "FAKETIME_DONT_FAKE_MONOTONIC=1", "FAKETIME_FORCE_MONOTONIC_FIX=0",
                $"FAKETIME={ClockOffset}",
            ]
            : null;
}
