using ForegSyte.V1;

namespace ForegSyte.Jobs.Queue;

/// <summary>
/// How many jobs each tenant has, kept in step with the database by its commits; jobs that are announced count too, so
/// that however many calls come at once, no more are accepted than may be.
/// </summary>
internal sealed class TenantJobs
{
    private readonly Lock _lock = new();
    private readonly IJobStore _store;
    private readonly Dictionary<string, TenantCount> _counts = [];
    private readonly Dictionary<Guid, TenantCount> _announced = [];

    public TenantJobs(IJobStore store)
    {
        _store = store;
        store.Committed += Follow;
    }

    /// <summary>Counts what was there before this start; to be called once, before anything is served.</summary>
    public async Task LoadAsync(CancellationToken cancellationToken)
    {
        var counts = await _store.CountByTenantAsync(cancellationToken);
        lock (_lock)
        {
            foreach (var count in counts)
            {
                _counts[count.Tenant] = count;
            }
        }
    }

    /// <summary>
    /// Announces that a job is to become pending, and tells what its tenant has with it; null where that is more than
    /// it may be, and nothing is announced.
    /// </summary>
    /// <param name="job">A new job, or one that is to go back to the queue.</param>
    /// <param name="isAllowed">Whether a tenant may have so much.</param>
    public TenantCount? TryAnnounce(JobRecord job, Func<TenantCount, bool> isAllowed)
    {
        var isNew = job.Status == JobStatus.Pending;
        lock (_lock)
        {
            var added = new TenantCount(job.Tenant, isNew ? 1 : 0, 1);
            var total = Sum(_counts.GetValueOrDefault(job.Tenant) ?? new TenantCount(job.Tenant, 0, 0), added);
            if (!isAllowed(total))
            {
                return null;
            }

            // A second retry of the same job announces nothing more.
            if (_announced.TryAdd(job.JobId, added))
            {
                _counts[job.Tenant] = total;
            }

            return total;
        }
    }

    /// <summary>Takes an announcement back; nothing where the job has become pending.</summary>
    public void Withdraw(Guid jobId)
    {
        lock (_lock)
        {
            if (_announced.Remove(jobId, out var added))
            {
                Change(added.Tenant, -added.Jobs, -added.Pending);
            }
        }
    }

    private void Follow(JobCommit commit)
    {
        var tenant = (commit.After ?? commit.Before)!.Tenant;
        lock (_lock)
        {
            if (commit.After is { Status: JobStatus.Pending })
            {
                Withdraw(commit.JobId);
            }

            Change(
                tenant, Count(commit.After is not null) - Count(commit.Before is not null),
                Count(commit.After is { Status: JobStatus.Pending })
                - Count(commit.Before is { Status: JobStatus.Pending }));
        }
    }

    /// <summary>A tenant without jobs is forgotten: there may be many of them in time.</summary>
    private void Change(string tenant, int jobs, int pending)
    {
        var changed = Sum(
            _counts.GetValueOrDefault(tenant) ?? new TenantCount(tenant, 0, 0), new TenantCount(tenant, jobs, pending));
        if (changed.Jobs == 0 && changed.Pending == 0)
        {
            _counts.Remove(tenant);
        }
        else
        {
            _counts[tenant] = changed;
        }
    }

    private static TenantCount Sum(TenantCount left, TenantCount right) =>
        left with { Jobs = left.Jobs + right.Jobs, Pending = left.Pending + right.Pending };

    private static int Count(bool isThere) => isThere ? 1 : 0;
}
