using System.Globalization;
using ForegSyte.Hosting.Errors;
using ForegSyte.Jobs.Queue;
using ForegSyte.V1;
using Microsoft.Extensions.Options;

namespace ForegSyte.Jobs.Submission;

/// <summary>
/// The places of pending jobs, all together and for each tenant. One is taken before anything is stored, so that
/// however many calls come at once, no more jobs are accepted than may wait.
/// </summary>
internal sealed class PendingJobQuota(
    PendingJobs pending, TenantJobs tenants, IOptions<SubmitOptions> options, IOptions<TenantOptions> quotas)
{
    /// <summary>
    /// Takes a place for a job that is new, or that is to go back to the queue. Dispose the result when the job is
    /// committed, which keeps the place, or was not.
    /// </summary>
    /// <exception cref="ServiceException">QUEUE_FULL or TENANT_QUOTA_EXCEEDED.</exception>
    public IDisposable Take(JobRecord job)
    {
        if (!pending.TryReserve(job.JobId, options.Value.MaxPendingJobs))
        {
            throw QueueFull();
        }

        var place = new Place(pending, tenants, job.JobId);
        try
        {
            TakeOfTenant(job);
            return place;
        }
        catch
        {
            pending.GiveBack(job.JobId);
            throw;
        }
    }

    private void TakeOfTenant(JobRecord job)
    {
        ServiceException? refusal = null;
        tenants.TryAnnounce(job, count =>
        {
            refusal = Refusal(count, isNew: job.Status == JobStatus.Pending);
            return refusal is null;
        });
        if (refusal is not null)
        {
            throw refusal;
        }
    }

    private ServiceException? Refusal(TenantCount count, bool isNew)
    {
        var (maxPending, maxJobs) = (quotas.Value.MaxPendingJobs, quotas.Value.MaxJobs);
        if (maxPending > 0 && count.Pending > maxPending)
        {
            return QuotaExceeded(
                count.Tenant, maxPending, "Tenants:MaxPendingJobs", "pending jobs", "Come back when some of them run.",
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
            $"The tenant \"{tenant}\" has {limitText} {what}, as many as it may (option {option}). {whatToDo}")
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
            $"{limit} jobs wait already, as many as this server takes (option Submit:MaxPendingJobs). Come back "
            + "later.")
        {
            Metadata = new Dictionary<string, string>
            {
                ["option"] = "Submit:MaxPendingJobs",
                ["limit"] = limit.ToString(CultureInfo.InvariantCulture),
            },
            RetryAfter = options.Value.QueueFullDelay,
        };
    }

    private sealed class Place(PendingJobs pending, TenantJobs tenants, Guid jobId) : IDisposable
    {
        public void Dispose()
        {
            tenants.Withdraw(jobId);
            pending.GiveBack(jobId);
        }
    }
}
