using ForegSyte.Benchmarks.Jobs;
using ForegSyte.Benchmarks.Processes;

namespace ForegSyte.Benchmarks.Parts;

/// <summary>What was measured of one workload and the peers; every list has one value a round.</summary>
internal sealed class PeerFigures(Workload workload, IEnumerable<IPeer> peers)
{
    public Workload Workload { get; } = workload;

    public List<JobRun> Own { get; } = [];

    /// <summary>Whether there was a whole round.</summary>
    public bool IsMeasured => Own.Count > 0 && Others.Values.All(runs => runs.Count > 0);

    public IReadOnlyDictionary<IPeer, List<PeerRun>> Others { get; } =
        peers.ToDictionary(peer => peer, _ => new List<PeerRun>());
}
