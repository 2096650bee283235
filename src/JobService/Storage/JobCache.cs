using System.Collections.Concurrent;
using DuckDB.NET.Data;
using ForegSyte.V1;
using Microsoft.Extensions.Options;

namespace ForegSyte.Jobs.Storage;

/// <summary>
/// Jobs in memory: all unfinished ones, and ended ones that ended or were read last. The writer applies each commit
/// before it notifies anyone, so the cache agrees with the database. Thread-safe.
/// </summary>
internal sealed class JobCache(IOptions<DatabaseOptions> options)
{
    private readonly ConcurrentDictionary<Guid, JobRecord> _unfinished = new();
    private readonly ConcurrentDictionary<Guid, JobRecord> _running = new();
    private readonly ConcurrentDictionary<Guid, JobRecord> _ended = new();
    private readonly Queue<Guid> _endedInOrder = new();
    private readonly Lock _lock = new();
    private int _endedVersion;

    /// <summary>Changes when an ended job changes; see <see cref="AddRead"/>.</summary>
    public int EndedVersion => Volatile.Read(ref _endedVersion);

    /// <summary>The job; null if it is not in memory.</summary>
    public JobRecord? Find(Guid jobId) =>
        _unfinished.TryGetValue(jobId, out var job) || _ended.TryGetValue(jobId, out job) ? job : null;

    /// <summary>All pending and running jobs in the order of their enqueue times.</summary>
    public IReadOnlyList<JobRecord> Unfinished() =>
        [.. _unfinished.Values.OrderBy(job => job.QueuedAt).ThenBy(job => job.JobId)];

    /// <summary>Ids of the running jobs whose lease has expired, unordered.</summary>
    public IEnumerable<Guid> Expired(DateTimeOffset now) =>
        _running.Where(job => JobTransitions.HasExpiredLease(job.Value, now)).Select(job => job.Key);

    /// <summary>Replaces the content with the unfinished jobs of the database.</summary>
    public void Load(DuckDBConnection connection)
    {
        var unfinished = connection.InSnapshot(() => JobRows.List(
            connection, $"{JobRows.SelectJobs} WHERE status IN ($pending, $running)",
            ("pending", JobStatusNames.Of(JobStatus.Pending)), ("running", JobStatusNames.Of(JobStatus.Running))));
        lock (_lock)
        {
            _endedVersion++;
            _unfinished.Clear();
            _running.Clear();
            _ended.Clear();
            _endedInOrder.Clear();
            unfinished.ForEach(job => Apply(job.JobId, job));
        }
    }

    /// <summary>
    /// Adds an ended job that was read from the database, unless an ended job changed since the read started: the
    /// record can then be outdated.
    /// </summary>
    /// <param name="job">The job.</param>
    /// <param name="version"><see cref="EndedVersion"/> before the read.</param>
    public void AddRead(JobRecord job, int version)
    {
        lock (_lock)
        {
            if (job.IsTerminal && version == _endedVersion)
            {
                AddEnded(job);
            }
        }
    }

    /// <summary>Applies the changes of a commit.</summary>
    public void Apply(IReadOnlyList<JobCommit> commits)
    {
        lock (_lock)
        {
            foreach (var commit in commits)
            {
                _endedVersion += commit.Before is { IsTerminal: true } ? 1 : 0;
                Apply(commit.JobId, commit.After);
            }
        }
    }

    private void Apply(Guid jobId, JobRecord? after)
    {
        if (after is { Status: JobStatus.Running })
        {
            _running[jobId] = after;
        }
        else
        {
            _running.TryRemove(jobId, out _);
        }

        // A job that moves is added before it is removed, so that readers always find it.
        switch (after)
        {
            case null:
                _unfinished.TryRemove(jobId, out _);
                _ended.TryRemove(jobId, out _);
                break;
            case { IsTerminal: true }:
                AddEnded(after);
                _unfinished.TryRemove(jobId, out _);
                break;
            default:
                _unfinished[jobId] = after;
                _ended.TryRemove(jobId, out _);
                break;
        }
    }

    /// <summary>Adds an ended job and evicts the oldest one above the limit.</summary>
    private void AddEnded(JobRecord job)
    {
        if (!_ended.TryAdd(job.JobId, job))
        {
            _ended[job.JobId] = job;
            return;
        }

        _endedInOrder.Enqueue(job.JobId);
        if (_endedInOrder.Count > options.Value.CachedJobs)
        {
            _ended.TryRemove(_endedInOrder.Dequeue(), out _);
        }
    }
}
