using ForegSyte.V1;
using Microsoft.Extensions.Options;

namespace ForegSyte.Jobs.Queue;

/// <summary>
/// Puts jobs back to pending whose lease nobody renewed in time. What still runs for them here is cancelled by the
/// commit, and what it would store is refused.
/// </summary>
internal sealed class JobRescuer(
    JobTracker board,
    LocalAttempts attempts,
    IOptions<DispatchOptions> options,
    IOptions<RetryOptions> retry,
    TimeProvider time,
    ILogger<JobRescuer> logger) : BackgroundService
{
    /// <summary>Why an attempt ended whose lease was not renewed.</summary>
    public static readonly JobFailure Expired = new(
        ErrorReason.LeaseLost,
        "The lease was not renewed in time: the JobService was held up, or could not write to its database.");

    /// <summary>Rescues all jobs that need it now; returns how many.</summary>
    public async Task<int> RescueAsync(CancellationToken cancellationToken)
    {
        var rescued = 0;
        foreach (var jobId in board.Running.Where(NeedsRescue).Select(job => job.JobId).ToList())
        {
            await board.ChangeAsync(
                jobId,
                job =>
                {
                    if (!NeedsRescue(job))
                    {
                        return job;
                    }

                    rescued++;
                    return RetryPolicy.AfterLoss(job, Expired, retry.Value, time.GetUtcNow());
                },
                cancellationToken);
            logger.LogWarning("The lease of job {JobId} expired; its attempt is over", jobId);
        }

        return rescued;
    }

    /// <inheritdoc />
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(options.Value.RescueInterval, time);
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await timer.WaitForNextTickAsync(stoppingToken);
                await RescueAsync(stoppingToken);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception exception)
            {
                logger.LogError(exception, "Jobs whose lease expired could not be rescued; trying again");
            }
        }
    }

    /// <summary>
    /// A lease that ends later than any could by this clock was given before the clock was set back. Where nobody works
    /// on its job, it would hold the job for as long as the clock was wrong.
    /// </summary>
    private bool NeedsRescue(JobRecord job)
    {
        var now = time.GetUtcNow();
        return JobTransitions.HasExpiredLease(job, now)
            || (job is { Status: JobStatus.Running, Lease: { } lease }
                && lease.ExpiresAt > now + options.Value.LeaseDuration
                && !attempts.Contains(job.JobId));
    }
}
