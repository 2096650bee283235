using System.Collections.Concurrent;
using DuckDB.NET.Data;
using ForegSyte.V1;
using Microsoft.Extensions.Options;

namespace ForegSyte.Jobs.Storage.Cache;

/// <summary>
/// The jobs that are in memory: every unfinished one, and those that ended lately. The writer
/// brings every commit here before anybody is told of it; so what is found here is what the database has.
/// </summary>
internal sealed class JobCache(IOptions<DatabaseOptions> options)
{
    private readonly ConcurrentDictionary<Guid, JobRecord> _unfinished = new();
    private readonly ConcurrentDictionary<Guid, JobRecord> _ended = new();
    private readonly Queue<Guid> _endedInOrder = new();
    private readonly Lock _lock = new();
    private int _endedVersion;

    /// <summary>Changes when an ended job changes; see <see cref="AddRead"/>.</summary>
    public int EndedVersion => Volatile.Read(ref _endedVersion);

    /// <summary>
    /// Adds an ended job that was read from the database, unless an ended job changed since the read started: the record
    /// can then be outdated.
    /// </summary>
    public void AddRead(JobRecord job, int version)
    {
        lock (_lock)
        {
            if (job.IsTerminal && version == _endedVersion)
            {
                Keep(job);
            }
        }
    }

    /// <summary>The job; null where it is not in memory.</summary>
    public JobRecord? Find(Guid jobId) =>
        _unfinished.TryGetValue(jobId, out var job) || _ended.TryGetValue(jobId, out job) ? job : null;

    /// <summary>All pending and running jobs, in the order in which they were queued.</summary>
    public IReadOnlyList<JobRecord> Unfinished() =>
        [.. _unfinished.Values.OrderBy(job => job.QueuedAt).ThenBy(job => job.JobId)];

    /// <summary>Follows the changes of a commit; on the writer's thread only.</summary>
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

    /// <summary>Forgets everything and takes what the database has; on the writer's thread only.</summary>
    public void Load(DuckDBConnection connection)
    {
        using var transaction = connection.BeginTransaction();
        var unfinished = StoredJobs.List(
            connection, JobSql.ListUnfinished,
            ("pending", JobStatusNames.Of(JobStatus.Pending)), ("running", JobStatusNames.Of(JobStatus.Running)));
        lock (_lock)
        {
            _endedVersion++;
            _unfinished.Clear();
            unfinished.ForEach(job => _unfinished[job.JobId] = job);
            _ended.Clear();
            _endedInOrder.Clear();
        }

        transaction.Commit();
    }

    /// <summary>
    /// A reader looks among the unfinished first: a job that moves is put where it goes before it leaves.
    /// </summary>
    private void Apply(Guid jobId, JobRecord? after)
    {
        switch (after)
        {
            case null:
                _unfinished.TryRemove(jobId, out _);
                _ended.TryRemove(jobId, out _);
                break;
            case { IsTerminal: true }:
                Keep(after);
                _unfinished.TryRemove(jobId, out _);
                break;
            default:
                _unfinished[jobId] = after;
                _ended.TryRemove(jobId, out _);
                break;
        }
    }

    /// <summary>Keeps an ended job, and drops the one that ended first if there are too many.</summary>
    private void Keep(JobRecord job)
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
