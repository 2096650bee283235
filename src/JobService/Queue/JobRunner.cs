using ForegSyte.Hosting.Errors;
using ForegSyte.Jobs.Faults;
using ForegSyte.Jobs.Inference;
using ForegSyte.Jobs.Tracing;
using ForegSyte.V1;
using Microsoft.Extensions.Options;

namespace ForegSyte.Jobs.Queue;

/// <summary>
/// Makes one attempt at a job: claims it, has its segments worked on, and settles it. However the attempt ends, the job
/// is afterwards terminal, or pending with the time of its next attempt; only a crash, or a lease that was lost, leaves
/// that to the rescuer.
/// </summary>
internal sealed class JobRunner(
    JobTracker board,
    JobExecution execution,
    LocalAttempts attempts,
    CrashPoints crashPoints,
    IOptions<DispatchOptions> dispatch,
    IOptions<RetryOptions> retry,
    TimeProvider time,
    Random random,
    ILogger<JobRunner> logger)
{
    /// <summary>Wait between two tries to store how an attempt ended.</summary>
    private static readonly TimeSpan SettleInterval = TimeSpan.FromSeconds(1);

    /// <summary>
    /// Runs an attempt. Returns how long the next attempt has to wait; null where this one decided the job, or has no
    /// say in it any more. Cancelling hands the job back.
    /// </summary>
    public async Task<TimeSpan?> RunAsync(Guid jobId, CancellationToken cancellationToken)
    {
        await using var attempt = attempts.Begin(jobId, Guid.NewGuid(), cancellationToken);
        if (await ClaimAsync(attempt, cancellationToken) is not { } claim)
        {
            return null;
        }

        crashPoints.Pass(CrashPoint.JobClaimed);
        var span = JobTraces.StartAttempt(claim.Waiting, claim.Claimed);
        try
        {
            return await RunAsync(claim.Claimed, attempt, cancellationToken);
        }
        finally
        {
            // A job that was deleted meanwhile tells nothing of its attempts any more.
            if (span is not null)
            {
                var job = await board.FindAsync(jobId, CancellationToken.None);
                JobTraces.EndAttempt(span, job ?? claim.Claimed, claim.Claimed.Attempts.Count);
            }
        }
    }

    private async Task<TimeSpan?> RunAsync(JobRecord job, LocalAttempt attempt, CancellationToken cancellationToken)
    {
        var jobId = job.JobId;
        using var scope = logger.BeginScope("Job {JobId} attempt {Attempt}", jobId, job.Attempts.Count);
        logger.LogInformation("Job {JobId} started, attempt {Attempt}", jobId, job.Attempts.Count);
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(attempt.Cancellation);
        var heartbeat = BeatAsync(attempt, ended.Token);
        JobFailure? failure = null;
        CompletedWork? work = null;
        try
        {
            work = await execution.RunAsync(job, attempt.Token, attempt.Cancellation);
        }
        catch (TransitionRefusedException)
        {
            attempt.Lose();
        }
        catch (Exception exception) when (!attempt.IsLost)
        {
            failure = FailureOf(jobId, exception, cancellationToken);
        }
        catch (Exception exception)
        {
            logger.LogDebug(exception, "What ran for job {JobId} ended", jobId);
        }

        // Nothing but this method and a caller's CancelJob changes the job from here on.
        await ended.CancelAsync();
        await heartbeat;
        if (attempt.IsLost)
        {
            logger.LogWarning(
                "Job {JobId} was cancelled, or its lease was lost; the result of attempt {Attempt} is dropped",
                jobId, job.Attempts.Count);
            return null;
        }

        return await SettleAsync(job, attempt.Token, work, failure, DelayAfter(job, failure, cancellationToken));
    }

    private async Task<(JobRecord Waiting, JobRecord Claimed)?> ClaimAsync(
        LocalAttempt attempt, CancellationToken cancellationToken)
    {
        JobRecord? waiting = null;
        try
        {
            var claimed = await board.ChangeAsync(
                attempt.JobId,
                job => JobTransitions.Claim(
                    waiting = job, attempt.Token, time.GetUtcNow(), dispatch.Value.LeaseDuration),
                cancellationToken);
            return claimed is null ? null : (waiting!, claimed);
        }
        catch (TransitionRefusedException refused)
        {
            // The queue is a hint: the job may have been claimed or ended since its id was put there.
            logger.LogDebug("Not claimed: {Message}", refused.Message);
            return null;
        }
    }

    /// <summary>Renews the lease until the attempt ends, or turns out to be lost.</summary>
    private async Task BeatAsync(LocalAttempt attempt, CancellationToken endedToken)
    {
        using var timer = new PeriodicTimer(dispatch.Value.HeartbeatInterval, time);
        while (await WaitForBeatAsync(timer, endedToken))
        {
            try
            {
                await board.ChangeAsync(
                    attempt.JobId,
                    job => JobTransitions.Renew(job, attempt.Token, time.GetUtcNow(), dispatch.Value.LeaseDuration),
                    CancellationToken.None);
            }
            catch (TransitionRefusedException)
            {
                attempt.Lose();
                return;
            }
            catch (Exception exception)
            {
                // Not lost yet: where this cannot be stored, nobody else can have stored anything either. The next
                // beat, or the end of the attempt, finds out whether the lease expired meanwhile.
                logger.LogError(exception, "The lease of job {JobId} could not be renewed", attempt.JobId);
            }
        }
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

    /// <summary>A stop of this service says nothing about the job: the next attempt need not wait.</summary>
    private TimeSpan? DelayAfter(JobRecord job, JobFailure? failure, CancellationToken cancellationToken) =>
        failure switch
        {
            null => null,
            { Reason: ErrorReason.ShuttingDown } when cancellationToken.IsCancellationRequested => TimeSpan.Zero,
            _ => RetryPolicy.DelayBeforeRetry(job, failure, retry.Value, random.NextDouble()),
        };

    /// <summary>
    /// Stores how the attempt ended, and tries until that is done: a job must not stay running by itself.
    /// </summary>
    private async Task<TimeSpan?> SettleAsync(
        JobRecord job, Guid token, CompletedWork? work, JobFailure? failure, TimeSpan? delay)
    {
        while (true)
        {
            try
            {
                var settled = await board.ChangeAsync(
                    job.JobId, stored => Settle(stored, token, work, failure, delay), CancellationToken.None);
                logger.LogInformation("Job {JobId} is {Status}", job.JobId, settled?.Status);
                if (failure is null)
                {
                    crashPoints.Pass(CrashPoint.JobCompleted);
                    execution.RemoveSegments(job.JobId);
                    crashPoints.Pass(CrashPoint.SegmentsRemoved);
                }

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
