using ForegSyte.V1;

namespace ForegSyte.Jobs.Queue;

/// <summary>
/// Counts the jobs of each tenant by following commits. Reservations count too, so that concurrent submissions never
/// exceed a quota.
/// </summary>
internal sealed class TenantJobs
{
    private readonly Lock _lock = new();
    private readonly IJobStore _store;
    private readonly Dictionary<string, TenantCount> _counts = [];
    private readonly Dictionary<Guid, TenantCount> _reserved = [];

    public TenantJobs(IJobStore store)
    {
        _store = store;
        store.Committed += OnCommitted;
    }

    /// <summary>Counts the stored jobs. Call this once, before the service accepts calls.</summary>
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
    /// Reserves a place for a job that is about to become pending. Returns the tenant's counts including the job; null,
    /// without a reservation, if they are not allowed.
    /// </summary>
    /// <param name="job">A new job, or a terminal one that a caller retries.</param>
    /// <param name="isAllowed">Whether a tenant can have these counts.</param>
    public TenantCount? TryReserve(JobRecord job, Func<TenantCount, bool> isAllowed)
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

            // A concurrent retry of the same job needs no second reservation.
            if (_reserved.TryAdd(job.JobId, added))
            {
                _counts[job.Tenant] = total;
            }

            return total;
        }
    }

    /// <summary>Releases a reservation; does nothing if the job became pending, which consumed it.</summary>
    public void ReleaseReservation(Guid jobId)
    {
        lock (_lock)
        {
            if (_reserved.Remove(jobId, out var added))
            {
                Change(added.Tenant, -added.Jobs, -added.Pending);
            }
        }
    }

    private void OnCommitted(JobCommit commit)
    {
        var tenant = (commit.After ?? commit.Before)!.Tenant;
        lock (_lock)
        {
            if (commit.After is { Status: JobStatus.Pending })
            {
                ReleaseReservation(commit.JobId);
            }

            Change(
                tenant, Count(commit.After is not null) - Count(commit.Before is not null),
                Count(commit.After is { Status: JobStatus.Pending })
                - Count(commit.Before is { Status: JobStatus.Pending }));
        }
    }

    /// <summary>Drops a tenant without jobs, so that former tenants use no memory.</summary>
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
