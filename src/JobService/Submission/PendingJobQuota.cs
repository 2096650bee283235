using System.Globalization;
using ForegSyte.Hosting.Errors;
using ForegSyte.Jobs.Tenants;
using ForegSyte.V1;
using Microsoft.Extensions.Options;

namespace ForegSyte.Jobs.Submission;

/// <summary>
/// Limits the number of pending jobs, of all tenants and of each one, and the jobs of each tenant. It counts by
/// following commits. A submission reserves its slot before it stores anything, and reservations count too, so that
/// concurrent calls cannot exceed the limits. What other nodes count is about a second old, so calls of several nodes
/// together can exceed a limit by what they accept in that time.
/// </summary>
internal sealed class PendingJobQuota : IHostedService
{
    private readonly Lock _lock = new();
    private readonly IJobStore _store;
    private readonly SubmitOptions _options;
    private readonly TenantOptions _tenantOptions;
    private readonly Dictionary<string, TenantCount> _counts = [];
    private readonly Dictionary<Guid, (TenantCount Added, int Holders)> _reserved = [];
    private IReadOnlyDictionary<string, TenantUsage> _elsewhere = new Dictionary<string, TenantUsage>();
    private int _pending;
    private int _pendingElsewhere;

    public PendingJobQuota(IJobStore store, IOptions<SubmitOptions> options, IOptions<TenantOptions> tenantOptions)
    {
        (_store, _options, _tenantOptions) = (store, options.Value, tenantOptions.Value);
        store.Committed += OnCommitted;
    }

    /// <summary>Counts the stored jobs before their recovery changes them and the service accepts calls.</summary>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        if (_store.IsShared)
        {
            return;
        }

        var counts = await _store.CountByTenantAsync(cancellationToken);
        lock (_lock)
        {
            foreach (var count in counts)
            {
                Change(count.Tenant, count.Jobs, count.Pending);
            }
        }
    }

    /// <inheritdoc />
    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Replaces what other nodes count.</summary>
    public void SetElsewhere(IReadOnlyDictionary<string, TenantUsage> usage)
    {
        lock (_lock)
        {
            _elsewhere = usage;
            _pendingElsewhere = usage.Values.Sum(tenant => tenant.Pending);
        }
    }

    /// <summary>Number of jobs of each tenant that has any, including reservations.</summary>
    public IReadOnlyDictionary<string, int> Jobs()
    {
        lock (_lock)
        {
            return _counts.Keys.Union(_elsewhere.Keys).ToDictionary(
                tenant => tenant,
                tenant => CountOf(tenant).Jobs + (_elsewhere.TryGetValue(tenant, out var other) ? other.Jobs : 0));
        }
    }

    /// <summary>
    /// Reserves a slot for a new job, or for one that returns to the queue; concurrent calls for one job share it.
    /// Dispose the reservation once: after the commit, which then holds the slot, or after a failure.
    /// </summary>
    /// <exception cref="ServiceException">QUEUE_FULL or TENANT_QUOTA_EXCEEDED.</exception>
    public IDisposable Reserve(Guid jobId, string tenant, bool isNew)
    {
        lock (_lock)
        {
            if (_reserved.TryGetValue(jobId, out var shared))
            {
                _reserved[jobId] = shared with { Holders = shared.Holders + 1 };
            }
            else
            {
                RequireSlot(CountOf(tenant), isNew);
                var added = new TenantCount(tenant, isNew ? 1 : 0, 1);
                _reserved[jobId] = (added, 1);
                Change(tenant, added.Jobs, added.Pending);
            }
        }

        return new Reservation(this, jobId);
    }

    /// <summary>Refuses a new job of a tenant as <see cref="Reserve"/> would, without a reservation.</summary>
    /// <exception cref="ServiceException">QUEUE_FULL or TENANT_QUOTA_EXCEEDED.</exception>
    public void RequireSlot(string tenant)
    {
        lock (_lock)
        {
            RequireSlot(CountOf(tenant), isNew: true);
        }
    }

    /// <summary>Whether a job that is not yet pending has a reservation.</summary>
    public bool IsReserved(Guid jobId)
    {
        lock (_lock)
        {
            return _reserved.ContainsKey(jobId);
        }
    }

    private void Release(Guid jobId)
    {
        lock (_lock)
        {
            // Missing if the job became pending, which used the reservation.
            if (!_reserved.TryGetValue(jobId, out var held))
            {
                return;
            }

            if (held.Holders > 1)
            {
                _reserved[jobId] = held with { Holders = held.Holders - 1 };
            }
            else
            {
                Remove(jobId);
            }
        }
    }

    private void OnCommitted(JobCommit commit)
    {
        var (before, after) = (commit.Before, commit.After);
        lock (_lock)
        {
            if (after is { Status: JobStatus.Pending })
            {
                Remove(commit.JobId);
            }

            Change((after ?? before)!.Tenant, JobsIn(after) - JobsIn(before), PendingIn(after) - PendingIn(before));
        }

        static int JobsIn(JobRecord? job) => job is null ? 0 : 1;

        static int PendingIn(JobRecord? job) => job is { Status: JobStatus.Pending } ? 1 : 0;
    }

    private void Remove(Guid jobId)
    {
        if (_reserved.Remove(jobId, out var held))
        {
            Change(held.Added.Tenant, -held.Added.Jobs, -held.Added.Pending);
        }
    }

    /// <summary>Changes the counts; drops a tenant without jobs, so that former tenants use no memory.</summary>
    private void Change(string tenant, int jobs, int pending)
    {
        _pending += pending;
        var count = CountOf(tenant);
        var changed = count with { Jobs = count.Jobs + jobs, Pending = count.Pending + pending };
        if (changed is { Jobs: 0, Pending: 0 })
        {
            _counts.Remove(tenant);
        }
        else
        {
            _counts[tenant] = changed;
        }
    }

    private TenantCount CountOf(string tenant) => _counts.GetValueOrDefault(tenant) ?? new TenantCount(tenant, 0, 0);

    private void RequireSlot(TenantCount own, bool isNew)
    {
        if (_pending + _pendingElsewhere >= _options.MaxPendingJobs)
        {
            throw QueueFull();
        }

        var count = _elsewhere.TryGetValue(own.Tenant, out var other)
            ? own with { Jobs = own.Jobs + other.Jobs, Pending = own.Pending + other.Pending }
            : own;
        var limits = _tenantOptions.For(count.Tenant);
        var maxPending = TenantOptions.ShareOf(count.Tenant, limits.MaxPendingJobs, _options.MaxPendingJobs);
        var maxJobs = limits.MaxJobs;
        if (count.Pending >= maxPending)
        {
            throw QuotaExceeded(
                count.Tenant, maxPending, limits.NameOf(nameof(TenantOptions.MaxPendingJobs)), "pending jobs",
                "Try again when some of them run.", _options.QueueFullDelay);
        }

        if (isNew && maxJobs > 0 && count.Jobs >= maxJobs)
        {
            throw QuotaExceeded(
                count.Tenant, maxJobs, limits.NameOf(nameof(TenantOptions.MaxJobs)), "jobs",
                "Delete some with DeleteJob.", retryAfter: null);
        }
    }

    private static ServiceException QuotaExceeded(
        string tenant, int limit, string option, string what, string whatToDo, TimeSpan? retryAfter)
    {
        var limitText = limit.ToString(CultureInfo.InvariantCulture);
        return new ServiceException(
            ErrorReason.TenantQuotaExceeded,
            $"The tenant \"{tenant}\" has reached its limit of {limitText} {what} (option {option}). {whatToDo}")
        {
            Metadata = new Dictionary<string, string>
            {
                ["option"] = option,
                ["limit"] = limitText,
                ["tenant"] = tenant,
            },
            Quota = new QuotaViolation($"tenant:{tenant}", $"At most {limitText} {what}."),
            RetryAfter = retryAfter,
        };
    }

    private ServiceException QueueFull()
    {
        var limit = _options.MaxPendingJobs;
        return new ServiceException(
            ErrorReason.QueueFull,
            $"The queue is full: {limit} jobs are pending (option Submit:MaxPendingJobs). Try again later.")
        {
            Metadata = new Dictionary<string, string>
            {
                ["option"] = "Submit:MaxPendingJobs",
                ["limit"] = limit.ToString(CultureInfo.InvariantCulture),
            },
            RetryAfter = _options.QueueFullDelay,
        };
    }

    private sealed class Reservation(PendingJobQuota quota, Guid jobId) : IDisposable
    {
        public void Dispose() => quota.Release(jobId);
    }
}
