using ForegSyte.Hosting.Errors;
using ForegSyte.Jobs.Inference;
using ForegSyte.V1;
using Microsoft.Extensions.Options;

namespace ForegSyte.Jobs.Queue;

/// <summary>
/// Makes one attempt at a job: claims it, has its segments worked on, and settles it. However the attempt ends, the job
/// is afterwards terminal, or pending with the time of its next attempt; only a crash leaves it running.
/// </summary>
internal sealed class JobRunner(
    JobBoard board,
    JobExecution execution,
    IOptions<DispatchOptions> dispatch,
    IOptions<RetryOptions> retry,
    TimeProvider time,
    Random random,
    ILogger<JobRunner> logger)
{
    /// <summary>Wait between two tries to store how an attempt ended.</summary>
    private static readonly TimeSpan SettleInterval = TimeSpan.FromSeconds(1);

    /// <summary>
    /// Runs an attempt. Returns how long to wait before the job is to be queued again; null where it is not.
    /// Cancelling hands the job back.
    /// </summary>
    public async Task<TimeSpan?> RunAsync(Guid jobId, CancellationToken cancellationToken)
    {
        var token = Guid.NewGuid();
        if (await ClaimAsync(jobId, token, cancellationToken) is not { } job)
        {
            return null;
        }

        using var scope = logger.BeginScope("Job {JobId} attempt {Attempt}", jobId, job.Attempts.Count);
        logger.LogInformation("Job {JobId} started, attempt {Attempt}", jobId, job.Attempts.Count);
        using var attempt = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var heartbeat = BeatAsync(jobId, token, attempt);
        JobFailure? failure;
        CompletedWork? work = null;
        try
        {
            work = await execution.RunAsync(job, token, attempt.Token);
            failure = null;
        }
        catch (Exception exception)
        {
            failure = FailureOf(jobId, exception, cancellationToken);
        }

        // Nothing but this method changes the job from here on.
        await attempt.CancelAsync();
        if (!await heartbeat)
        {
            logger.LogWarning("Another dispatcher took job {JobId} over; this attempt's result is dropped", jobId);
            return null;
        }

        return await SettleAsync(job, token, work, failure);
    }

    private async Task<JobRecord?> ClaimAsync(Guid jobId, Guid token, CancellationToken cancellationToken)
    {
        try
        {
            return await board.ChangeAsync(
                jobId, job => JobTransitions.Claim(job, token, time.GetUtcNow(), dispatch.Value.LeaseDuration),
                cancellationToken);
        }
        catch (TransitionRefusedException refused)
        {
            // The queue is a hint: the job may have been claimed or ended since its id was put there.
            logger.LogDebug("Not claimed: {Message}", refused.Message);
            return null;
        }
    }

    /// <summary>Renews the lease until the attempt ends; false when it turned out to be lost.</summary>
    private async Task<bool> BeatAsync(Guid jobId, Guid token, CancellationTokenSource attempt)
    {
        using var timer = new PeriodicTimer(dispatch.Value.HeartbeatInterval, time);
        while (await WaitForBeatAsync(timer, attempt.Token))
        {
            try
            {
                await board.ChangeAsync(
                    jobId,
                    job => JobTransitions.Renew(job, token, time.GetUtcNow(), dispatch.Value.LeaseDuration),
                    CancellationToken.None);
            }
            catch (TransitionRefusedException)
            {
                await attempt.CancelAsync();
                return false;
            }
            catch (Exception exception)
            {
                // A lease that cannot be stored is not lost: nobody else can have stored anything either.
                logger.LogError(exception, "The lease of job {JobId} could not be renewed", jobId);
            }
        }

        return true;
    }

    private static async Task<bool> WaitForBeatAsync(PeriodicTimer timer, CancellationToken cancellationToken)
    {
        try
        {
            return await timer.WaitForNextTickAsync(cancellationToken);
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    private JobFailure FailureOf(Guid jobId, Exception exception, CancellationToken cancellationToken)
    {
        switch (exception)
        {
            case OperationCanceledException when cancellationToken.IsCancellationRequested:
                return new JobFailure(ErrorReason.ShuttingDown, "The JobService was stopped during this attempt.");
            case OperationCanceledException or TransitionRefusedException:
                return new JobFailure(ErrorReason.LeaseLost, "Another dispatcher took the job over.");
            case InferenceFailedException inference:
                logger.LogWarning(
                    "Job {JobId}: {Reason}: {Message}", jobId, inference.Failure.Reason, inference.Failure.Message);
                return inference.Failure;
            case ServiceException service:
                logger.LogWarning("Job {JobId}: {Reason}: {Message}", jobId, service.Reason, service.Message);
                return new JobFailure(service.Reason, service.Message, service.Metadata);
            default:
                var errorId = Guid.NewGuid().ToString("N");
                logger.LogError(exception, "Job {JobId} failed unexpectedly, error id {ErrorId}", jobId, errorId);
                return new JobFailure(
                    ErrorReason.Internal,
                    $"The JobService failed unexpectedly. Its log has the cause under error id {errorId}.",
                    new Dictionary<string, string> { ["errorId"] = errorId });
        }
    }

    /// <summary>
    /// Stores how the attempt ended, and tries until that is done: a job must not stay running by itself.
    /// </summary>
    private async Task<TimeSpan?> SettleAsync(JobRecord job, Guid token, CompletedWork? work, JobFailure? failure)
    {
        var delay = failure is null
            ? null
            : RetryPolicy.DelayBeforeRetry(job, failure, retry.Value, random.NextDouble());
        while (true)
        {
            try
            {
                await board.ChangeAsync(
                    job.JobId, stored => Settle(stored, token, work, failure, delay), CancellationToken.None);
                logger.LogInformation(
                    "Job {JobId} {Outcome}", job.JobId,
                    failure is null ? "completed" : delay is null ? "failed" : "will be retried");
                return delay;
            }
            catch (TransitionRefusedException refused)
            {
                logger.LogWarning("The end of an attempt was refused: {Message}", refused.Message);
                return null;
            }
            catch (Exception exception)
            {
                logger.LogError(exception, "How job {JobId} ended could not be stored; trying again", job.JobId);
                await Task.Delay(SettleInterval, time);
            }
        }
    }

    private JobRecord Settle(JobRecord job, Guid token, CompletedWork? work, JobFailure? failure, TimeSpan? delay)
    {
        if (failure is null)
        {
            return JobTransitions.Complete(job, token, work!.OutputPath, work.Summary, time.GetUtcNow());
        }

        return delay is null
            ? JobTransitions.Fail(job, token, failure, time.GetUtcNow())
            : JobTransitions.Release(job, token, failure, delay.Value, time.GetUtcNow());
    }
}
