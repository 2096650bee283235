using System.ComponentModel.DataAnnotations;
using System.Globalization;
using ForegSyte.Hosting.Errors;
using ForegSyte.Jobs.Queue;
using ForegSyte.Protocol.Limits;
using ForegSyte.V1;
using Microsoft.Extensions.Options;

namespace ForegSyte.Jobs.Submission;

/// <summary>The quotas of each tenant. Section "Tenants".</summary>
internal sealed class TenantOptions
{
    public const string Section = "Tenants";

    /// <summary>
    /// Maximum number of pending jobs of each tenant. Above it SubmitVideo and RetryJob return TENANT_QUOTA_EXCEEDED.
    /// </summary>
    /// <value>1 to 1000000; 0, the default, for the server's limit alone.</value>
    [Range(0, 1_000_000)]
    [Limit(
        "jobs", "Maximum number of pending jobs of each tenant, 0 for the server's limit alone; above it SubmitVideo "
        + "and RetryJob are refused with a retry delay.",
        Reason = ErrorReason.TenantQuotaExceeded)]
    public int MaxPendingJobs { get; set; }

    /// <summary>
    /// Maximum number of jobs of each tenant, in any status. Above it SubmitVideo returns TENANT_QUOTA_EXCEEDED until
    /// the tenant deletes jobs.
    /// </summary>
    /// <value>1 to 1000000000; 0, the default, for no limit.</value>
    [Range(0, 1_000_000_000)]
    [Limit(
        "jobs", "Maximum number of jobs of each tenant in any status, 0 for no limit; above it SubmitVideo is refused "
        + "until the tenant deletes jobs.",
        Reason = ErrorReason.TenantQuotaExceeded)]
    public int MaxJobs { get; set; }
}

/// <summary>
/// Limits the number of pending jobs, of all tenants and of each one. A submission reserves its slot before it stores
/// anything, so that concurrent calls cannot exceed the limits.
/// </summary>
internal sealed class PendingJobQuota(
    PendingJobs pending, TenantJobs tenants, IOptions<SubmitOptions> options, IOptions<TenantOptions> tenantOptions)
{
    /// <summary>
    /// Reserves a slot for a new job, or for one that returns to the queue. Dispose the reservation after the commit,
    /// which then holds the slot, or after a failure.
    /// </summary>
    /// <exception cref="ServiceException">QUEUE_FULL or TENANT_QUOTA_EXCEEDED.</exception>
    public IDisposable Reserve(JobRecord job)
    {
        if (!pending.TryReserve(job.JobId, options.Value.MaxPendingJobs))
        {
            throw QueueFull();
        }

        var isNew = job.Status == JobStatus.Pending;
        if (tenants.TryReserve(job, count => Refusal(count, isNew)) is { } refusal)
        {
            pending.ReleaseReservation(job.JobId);
            throw refusal;
        }

        return new Reservation(pending, tenants, job.JobId);
    }

    private ServiceException? Refusal(TenantCount count, bool isNew)
    {
        var (maxPending, maxJobs) = (tenantOptions.Value.MaxPendingJobs, tenantOptions.Value.MaxJobs);
        if (maxPending > 0 && count.Pending > maxPending)
        {
            return QuotaExceeded(
                count.Tenant, maxPending, "Tenants:MaxPendingJobs", "pending jobs", "Try again when some of them run.",
                options.Value.QueueFullDelay);
        }

        return isNew && maxJobs > 0 && count.Jobs > maxJobs
            ? QuotaExceeded(
                count.Tenant, maxJobs, "Tenants:MaxJobs", "jobs", "Delete some with DeleteJob.", retryAfter: null)
            : null;
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
        var limit = options.Value.MaxPendingJobs;
        return new ServiceException(
            ErrorReason.QueueFull,
            $"The queue is full: {limit} jobs are pending (option Submit:MaxPendingJobs). Try again later.")
        {
            Metadata = new Dictionary<string, string>
            {
                ["option"] = "Submit:MaxPendingJobs",
                ["limit"] = limit.ToString(CultureInfo.InvariantCulture),
            },
            RetryAfter = options.Value.QueueFullDelay,
        };
    }

    private sealed class Reservation(PendingJobs pending, TenantJobs tenants, Guid jobId) : IDisposable
    {
        public void Dispose()
        {
            tenants.ReleaseReservation(jobId);
            pending.ReleaseReservation(jobId);
        }
    }
}
