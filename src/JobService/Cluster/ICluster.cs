using ForegSyte.V1;

namespace ForegSyte.Jobs.Cluster;

/// <summary>The JobServices that share a job store. With the embedded store this process is the only one.</summary>
internal interface ICluster
{
    /// <summary>Id of this process, which is new at each start.</summary>
    Guid NodeId { get; }

    /// <summary>Name of this node, which stays the same over restarts.</summary>
    string NodeName { get; }

    /// <summary>Number of nodes whose heartbeats arrive, this one included; at least 1.</summary>
    int LiveNodes { get; }

    /// <summary>All nodes, ordered by name.</summary>
    ValueTask<IReadOnlyList<NodeRecord>> ListAsync(CancellationToken cancellationToken);
}

/// <summary>A JobService process as it described itself at its latest heartbeat.</summary>
/// <param name="NodeId">Id of the process.</param>
/// <param name="Name">Name of the node.</param>
/// <param name="Address">Where other nodes reach it; null if it listens on no TCP port.</param>
/// <param name="Version">Version of the service.</param>
/// <param name="StartedAt">When the process started.</param>
/// <param name="SeenAt">The latest heartbeat, by the clock of the store.</param>
/// <param name="IsLive">Whether its heartbeats arrive.</param>
/// <param name="Drain">Whether it starts jobs.</param>
/// <param name="RunningJobs">Number of jobs that it runs.</param>
/// <param name="MaxRunningJobs">Number of jobs that it runs at the same time.</param>
internal sealed record NodeRecord(
    Guid NodeId,
    string Name,
    Uri? Address,
    string Version,
    DateTimeOffset StartedAt,
    DateTimeOffset SeenAt,
    bool IsLive,
    DrainState Drain,
    int RunningJobs,
    int MaxRunningJobs);
