using System.Globalization;
using ForegSyte.Cluster.Running;
using ForegSyte.V1;

namespace ForegSyte.Cluster.Scenarios;

/// <summary>The faults of a run.</summary>
internal sealed class FaultLog
{
    private readonly List<(DateTimeOffset Time, int? Node, string Text)> _entries = [];

    /// <summary>Adds a fault.</summary>
    /// <param name="text">What happened.</param>
    /// <param name="lostNode">Index of the node whose jobs must run elsewhere; null if there is none.</param>
    public void Add(string text, int? lostNode = null) =>
        _entries.Add((TimeProvider.System.GetUtcNow(), lostNode, text));

    /// <summary>Attempts that ended with the loss of their node, and the time until the next attempt.</summary>
    public IReadOnlyList<(Job Job, TimeSpan Delay)> Takeovers(RunningCluster cluster, IReadOnlyList<Job> jobs)
    {
        var starts = cluster.Starts();
        return
        [
            .. from job in jobs
               from pair in job.Attempts.Zip(job.Attempts.Skip(1))
               let node = NodeOf(starts[job.JobId], pair.First.Number)
               from entry in _entries
               where entry.Node == node
                   && pair.First.StartedAt.ToDateTimeOffset() <= entry.Time
                   && pair.First.EndedAt.ToDateTimeOffset() >= entry.Time
               select (job, pair.Second.StartedAt.ToDateTimeOffset() - entry.Time),
        ];
    }

    /// <summary>What happened to a job, one line each.</summary>
    public IEnumerable<string> Timeline(RunningCluster cluster, Job job)
    {
        var starts = cluster.Starts()[job.JobId].ToList();
        var begin = job.CreatedAt.ToDateTimeOffset();
        var end = job.UpdatedAt.ToDateTimeOffset();
        return job.Attempts.SelectMany(AttemptLines)
            .Prepend((begin, "submitted"))
            .Concat(cluster.Segments.Where(pair => pair.Segment.JobId == job.JobId).Select(pair => (
                pair.Segment.End,
                Invariant(
                    $"device {pair.Device}, attempt {pair.Segment.Attempt}, frame {pair.Segment.StartFrame}: done"))))
            .Concat(_entries.Where(entry => entry.Time >= begin && entry.Time <= end)
                .Select(entry => (entry.Time, entry.Text)))
            .Append((end, $"{job.Status}"))
            .OrderBy(line => line.Item1)
            .Select(line => Invariant($"{(line.Item1 - begin).TotalSeconds,7:F3} s  {line.Item2}"));

        IEnumerable<(DateTimeOffset, string)> AttemptLines(Attempt attempt)
        {
            var node = NodeOf(starts, attempt.Number) is { } index ? cluster.Nodes[index].Name : "a node";
            yield return (
                attempt.StartedAt.ToDateTimeOffset(),
                Invariant($"attempt {attempt.Number} starts on {node}, {attempt.FramesResumed} frames resumed"));
            if (attempt.Error is not null)
            {
                yield return (
                    attempt.EndedAt.ToDateTimeOffset(),
                    Invariant($"attempt {attempt.Number} ends: {attempt.ErrorMessage}"));
            }
        }
    }

    private static int? NodeOf(IEnumerable<(int Node, int Attempt)> starts, int attempt) =>
        starts.Where(start => start.Attempt == attempt).Select(start => (int?)start.Node).FirstOrDefault();

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
