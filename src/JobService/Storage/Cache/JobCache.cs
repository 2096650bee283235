using System.Collections.Concurrent;
using DuckDB.NET.Data;
using ForegSyte.V1;
using Microsoft.Extensions.Options;

namespace ForegSyte.Jobs.Storage.Cache;

/// <summary>
/// The jobs that are in memory: every unfinished one, and those that ended or were read lately. The writer
/// brings every commit here before anybody is told of it; so what is found here is what the database has.
/// </summary>
internal sealed class JobCache(IOptions<DatabaseOptions> options)
{
    private readonly ConcurrentDictionary<Guid, JobRecord> _unfinished = new();
    private readonly EndedJobs _ended = new(options.Value.CachedJobs);

    /// <summary>The job; null where it is not in memory.</summary>
    public JobRecord? Find(Guid jobId) =>
        _unfinished.TryGetValue(jobId, out var job) || _ended.TryFind(jobId, out job) ? job : null;

    /// <summary>All pending and running jobs, in the order in which they were queued.</summary>
    public IReadOnlyList<JobRecord> Unfinished() =>
        [.. _unfinished.Values.OrderBy(job => job.QueuedAt).ThenBy(job => job.JobId)];

    /// <summary>Reads a job that is not in memory, and keeps it.</summary>
    public async Task<JobRecord?> ReadAsync(Guid jobId, Func<Task<JobRecord?>> read)
    {
        var announcement = _ended.BeginRead(jobId);
        JobRecord? job = null;
        try
        {
            return job = await read();
        }
        finally
        {
            _ended.EndRead(jobId, announcement, job is { IsTerminal: true } ? job : null);
        }
    }

    /// <summary>Follows the changes of a commit; on the writer's thread only.</summary>
    public void Apply(IReadOnlyList<JobCommit> commits)
    {
        foreach (var commit in commits)
        {
            Apply(commit.JobId, commit.After);
        }
    }

    /// <summary>Forgets everything and takes what the database has; on the writer's thread only.</summary>
    public void Load(DuckDBConnection connection)
    {
        using var transaction = connection.BeginTransaction();
        var unfinished = StoredJobs.List(
            connection, JobSql.ListUnfinished,
            ("pending", JobStatusNames.Of(JobStatus.Pending)), ("running", JobStatusNames.Of(JobStatus.Running)));
        _unfinished.Clear();
        unfinished.ForEach(job => _unfinished[job.JobId] = job);
        _ended.Clear();
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
                _ended.Remove(jobId);
                break;
            case { IsTerminal: true }:
                _ended.Put(after);
                _unfinished.TryRemove(jobId, out _);
                break;
            default:
                _unfinished[jobId] = after;
                _ended.Remove(jobId);
                break;
        }
    }
}
