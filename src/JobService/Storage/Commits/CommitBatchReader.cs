using DuckDB.NET.Data;
using ForegSyte.Jobs.Storage.Cache;

namespace ForegSyte.Jobs.Storage.Commits;

/// <summary>Reads what the changes of a round have to know: from the cache, and the rest in one query.</summary>
internal sealed class CommitBatchReader(DuckDBConnection connection, JobCache cache)
{
    /// <summary>Begins a round for these changes.</summary>
    /// <param name="changes">The changes.</param>
    /// <param name="exact">
    /// Whether to look also for jobs and request ids that ought not to be there. Both are random, so that is left to the
    /// primary keys, and done when a commit failed.
    /// </param>
    public CommitBatch Begin(IReadOnlyList<IJobChange> changes, bool exact)
    {
        var requests = exact ? FindRequests(changes) : [];
        var stored = new Dictionary<Guid, JobRecord>();
        var missing = new HashSet<Guid>();
        foreach (var (jobId, needed) in changes.Select(change => (change.JobId, exact || change.NeedsRecord))
            .Concat(requests.Values.Select(jobId => (jobId, true))))
        {
            if (cache.Find(jobId) is { } cached)
            {
                stored[jobId] = cached;
            }
            else if (needed)
            {
                missing.Add(jobId);
            }
        }

        foreach (var job in StoredJobs.Find(connection, missing))
        {
            stored[job.JobId] = job;
        }

        return new CommitBatch(stored, requests);
    }

    private Dictionary<Guid, Guid> FindRequests(IReadOnlyList<IJobChange> changes)
    {
        var wanted = changes
            .Select(change => change.RequestId)
            .OfType<Guid>()
            .ToList();
        return wanted.Count == 0
            ? []
            : connection
                .Query(
                    JobSql.FindRequests,
                    reader => (RequestId: reader.GetGuid(0), JobId: reader.GetGuid(1)),
                    ("request_ids", wanted))
                .ToDictionary(row => row.RequestId, row => row.JobId);
    }
}
