using ForegSyte.Hosting.Errors;
using ForegSyte.Jobs.Faults;
using ForegSyte.Jobs.Inference;
using ForegSyte.Jobs.Tenants;
using ForegSyte.Jobs.Tracing;
using ForegSyte.Protocol.Errors;
using ForegSyte.V1;
using Microsoft.Extensions.Options;

namespace ForegSyte.Jobs.Queue;

/// <summary>
/// Makes one attempt at a claimed job: renews its lease while <see cref="JobExecution"/> works, and stores how the
/// attempt ended. Afterwards the job is terminal, or pending with the time of its next attempt; only a crash or a lost
/// lease leaves that to <see cref="JobRescuer"/>.
/// </summary>
internal sealed class JobRunner(
    JobTracker tracker,
    JobExecution execution,
    LocalAttempts attempts,
    StorageAccess storageAccess,
    TenantSpace space,
    CrashPoints crashPoints,
    IOptions<LeaseOptions> lease,
    IOptions<RetryOptions> retry,
    IOptions<TenantOptions> tenants,
    TimeProvider time,
    Random random,
    ILogger<JobRunner> logger)
{
    /// <summary>Wait between two tries to store how an attempt ended.</summary>
    private static readonly TimeSpan SettleInterval = TimeSpan.FromSeconds(1);

    /// <summary>Maximum age of progress that is not stored, if other nodes share the store.</summary>
    private static readonly TimeSpan ProgressInterval = TimeSpan.FromSeconds(1);

    /// <summary>
    /// Runs an attempt. Cancellation returns the job to the queue. Returns the back-off before the next attempt; null
    /// if this attempt decided the job or lost it.
    /// </summary>
    public async Task<TimeSpan?> RunAsync(JobTurn turn, CancellationToken cancellationToken)
    {
        await using var attempt = attempts.Begin(turn, cancellationToken);
        crashPoints.Pass(CrashPoint.JobClaimed);
        var span = JobTraces.StartAttempt(turn.Waiting, turn.Claimed);
        try
        {
            // A change between the claim and the beginning of the attempt cancelled nothing.
            await attempts.CheckAsync(attempt);
            return attempt.IsLost
                ? Discard(turn.Claimed, attempt)
                : await RunAsync(turn.Claimed, attempt, cancellationToken);
        }
        finally
        {
            if (span is not null)
            {
                JobTraces.EndAttempt(span, await LatestOfAsync(turn.Claimed), turn.Claimed.Attempts.Count);
            }
        }
    }

    /// <summary>The job now; the claimed one if it is deleted or the store does not answer.</summary>
    private async Task<JobRecord> LatestOfAsync(JobRecord claimed)
    {
        try
        {
            return await tracker.FindAsync(claimed.JobId, CancellationToken.None) ?? claimed;
        }
        catch (Exception failure)
        {
            logger.LogDebug(failure, "Job {JobId} not read; its span ends without an outcome", claimed.JobId);
            return claimed;
        }
    }

    private async Task<TimeSpan?> RunAsync(JobRecord job, LocalAttempt attempt, CancellationToken cancellationToken)
    {
        var jobId = job.JobId;
        using var scope = logger.BeginScope("Job {JobId} attempt {Attempt}", jobId, job.Attempts.Count);
        logger.LogInformation("Job {JobId} started (attempt {Attempt})", jobId, job.Attempts.Count);
        using var results = space.ReserveResults(job);
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(attempt.Cancellation);
        var heartbeat = RenewLeaseAsync(job, attempt, ended.Token);
        var limits = tenants.Value.For(job.Tenant);
        using var runTime = new CancellationTokenSource(JobLimits.TimeLeft(job, limits), time);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(attempt.Cancellation, runTime.Token);
        JobFailure? failure = null;
        JobResult? result = null;
        try
        {
            result = await execution.RunAsync(job, attempt.Token, results, ending.Token);
        }
        catch (TransitionRefusedException)
        {
            attempt.MarkLost();
        }
        catch (OperationCanceledException)
            when (runTime.IsCancellationRequested && !attempt.Cancellation.IsCancellationRequested)
        {
            failure = JobLimits.RunsTooLong(job, limits);
            LogFailure(jobId, failure);
        }
        catch (Exception exception) when (!attempt.IsLost)
        {
            failure = FailureOf(job, exception, cancellationToken);
        }
        catch (Exception exception)
        {
            logger.LogDebug(exception, "Lost attempt at job {JobId} ended", jobId);
        }

        // From here on only this method and a caller's CancelJob or UpdateJob change the job.
        await ended.CancelAsync();
        await heartbeat;
        return attempt.IsLost
            ? Discard(job, attempt)
            : await SettleAsync(job, attempt.Token, result, failure, DelayAfter(job, failure, cancellationToken));
    }

    /// <summary>Ends an attempt that lost its job.</summary>
    private TimeSpan? Discard(JobRecord job, LocalAttempt attempt)
    {
        logger.LogWarning(
            "Job {JobId} was cancelled or its lease was lost; the result of attempt {Attempt} is discarded",
            job.JobId, job.Attempts.Count);
        tracker.ForgetLost(job.JobId, attempt.Token);
        return null;
    }

    /// <summary>
    /// Renews the lease until the attempt ends or is lost. If other nodes share the store, new progress is stored
    /// between two heartbeats too.
    /// </summary>
    private async Task RenewLeaseAsync(JobRecord claimed, LocalAttempt attempt, CancellationToken endedToken)
    {
        var heartbeat = lease.Value.HeartbeatInterval;
        var interval = tracker.IsShared && ProgressInterval < heartbeat ? ProgressInterval : heartbeat;
        var (stored, renewedAt) = (claimed, time.GetTimestamp());
        using var timer = new PeriodicTimer(interval, time);
        while (await WaitForTickAsync(timer, endedToken))
        {
            var isDue = interval == heartbeat || time.GetElapsedTime(renewedAt) > heartbeat - interval;
            if (!isDue && ReferenceEquals(tracker.WithOwnProgress(stored), stored))
            {
                continue;
            }

            try
            {
                var renewal = tracker.ChangeOwnAsync(
                    attempt.JobId,
                    (job, now) => JobTransitions.Renew(job, attempt.Token, now, lease.Value.LeaseDuration),
                    CancellationToken.None);
                var limit = tracker.IsShared ? TimeLeft(stored) : Timeout.InfiniteTimeSpan;
                stored = await renewal.WaitAsync(limit, time, CancellationToken.None) ?? stored;
                renewedAt = time.GetTimestamp();
            }
            catch (TransitionRefusedException)
            {
                attempt.MarkLost();
                return;
            }
            catch (Exception exception)
            {
                logger.LogRetry(exception, "Lease of job {JobId} not renewed; retrying", attempt.JobId);

                // Without other nodes it is not lost yet: if this process cannot write to the database, no other can
                // have. The next heartbeat, or the end of the attempt, finds out whether the lease has expired.
                if (tracker.IsShared && JobTransitions.HasExpiredLease(stored, tracker.Now))
                {
                    attempt.MarkLost();
                    return;
                }
            }
        }
    }

    /// <summary>
    /// How long a renewal can take before another node may claim the job; a renewal that takes longer is too late even
    /// if it succeeds.
    /// </summary>
    private TimeSpan TimeLeft(JobRecord stored)
    {
        var left = stored.Lease is { } current ? current.ExpiresAt - tracker.Now : lease.Value.LeaseDuration;
        return left > TimeSpan.Zero ? left : TimeSpan.Zero;
    }

    private static async Task<bool> WaitForTickAsync(PeriodicTimer timer, CancellationToken cancellationToken)
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

    private JobFailure FailureOf(JobRecord job, Exception exception, CancellationToken cancellationToken)
    {
        var jobId = job.JobId;
        switch (exception)
        {
            case OperationCanceledException when cancellationToken.IsCancellationRequested:
                return new JobFailure(
                    ErrorReason.ShuttingDown, "The JobService stopped or drained during this attempt.");
            case InferenceFailedException { Failure: var failure } when InferenceFailures.IsUnreadable(failure.Reason):
                storageAccess.ReportUnreadable(job, failure);
                return failure;
            case InferenceFailedException { Failure: var failure }:
                LogFailure(jobId, failure);
                return failure;
            case ServiceException service:
                var refusal = new JobFailure(service.Reason, service.Message, service.Metadata);
                LogFailure(jobId, refusal);
                return refusal;
            default:
                var errorId = Guid.NewGuid().ToString("N");
                logger.LogError(exception, "Job {JobId} failed unexpectedly (error id {ErrorId})", jobId, errorId);
                return new JobFailure(
                    ErrorReason.Internal,
                    $"The JobService failed unexpectedly. The log has the cause under error id {errorId}.",
                    new Dictionary<string, string> { ["errorId"] = errorId });
        }
    }

    private void LogFailure(Guid jobId, JobFailure failure) => logger.LogWarning(
        "Attempt at job {JobId} failed with {Reason}: {Message}", jobId, failure.Reason.ToText(), failure.Message);

    /// <summary>A stop of this service says nothing about the job, so the next attempt needs no back-off.</summary>
    private TimeSpan? DelayAfter(JobRecord job, JobFailure? failure, CancellationToken cancellationToken) =>
        failure switch
        {
            null => null,
            { Reason: ErrorReason.ShuttingDown } when cancellationToken.IsCancellationRequested => TimeSpan.Zero,
            _ => RetryPolicy.DelayBeforeRetry(job, failure, retry.Value, random.NextDouble()),
        };

    /// <summary>Stores how the attempt ended, and retries until it succeeds: a job must not stay running.</summary>
    private async Task<TimeSpan?> SettleAsync(
        JobRecord job, Guid token, JobResult? result, JobFailure? failure, TimeSpan? delay)
    {
        while (true)
        {
            try
            {
                var settled = await tracker.ChangeOwnAsync(
                    job.JobId,
                    (stored, now) => Settle(stored, token, result, failure, delay, now),
                    CancellationToken.None);
                logger.LogInformation("Job {JobId} is {Status}", job.JobId, NameOf(settled));
                if (settled is null)
                {
                    tracker.ForgetLost(job.JobId, token);
                }

                if (failure is null)
                {
                    crashPoints.Pass(CrashPoint.JobCompleted);
                    await execution.UpdateManifestAsync(settled, result!.Manifest);
                    await execution.RemoveSegmentsAsync(job.JobId);
                    crashPoints.Pass(CrashPoint.SegmentsRemoved);
                }

                return delay;
            }
            catch (TransitionRefusedException refused)
            {
                logger.LogWarning("End of the attempt at job {JobId} refused: {Message}", job.JobId, refused.Message);
                tracker.ForgetLost(job.JobId, token);
                return null;
            }
            catch (Exception exception)
            {
                logger.LogRetry(exception, "End of the attempt at job {JobId} not stored; retrying", job.JobId);
                await Task.Delay(SettleInterval, time);
            }
        }
    }

    private static JobRecord Settle(
        JobRecord job, Guid token, JobResult? result, JobFailure? failure, TimeSpan? delay, DateTimeOffset now)
    {
        if (failure is null)
        {
            return JobTransitions.Complete(job, token, result!.Results, result.Summary, result.Warnings, now);
        }

        return delay is null
            ? JobTransitions.Fail(job, token, failure, now)
            : JobTransitions.Release(job, token, failure, delay.Value, now);
    }

    private static string NameOf(JobRecord? job) => job is null ? "deleted" : JobStatusNames.Of(job.Status);
}

/// <summary>The stored results of an attempt.</summary>
/// <param name="Results">The results document.</param>
/// <param name="Summary">Summary of the results.</param>
/// <param name="Warnings">What is wrong with the video and its results.</param>
/// <param name="Manifest">The job as its manifest has it; null if the job is deleted.</param>
internal sealed record JobResult(
    StoredResults Results, JobSummary Summary, JobWarnings Warnings, JobRecord? Manifest);
