using ForegSyte.V1;

namespace ForegSyte.Jobs;

/// <summary>
/// The state machine of a job: pending → running → completed | failed, running → pending where an attempt ends without
/// deciding the job, pending | running → cancelled, and failed | cancelled → pending where a caller retries. Pure: each
/// method makes the next record or throws <see cref="TransitionRefusedException"/>. Whatever a dispatcher does is
/// fenced by its lease: by its token, and by its time.
/// </summary>
internal static class JobTransitions
{
    /// <summary>pending → running: a dispatcher takes the job, with a new attempt and a new lease token.</summary>
    public static JobRecord Claim(JobRecord job, Guid token, DateTimeOffset now, TimeSpan leaseDuration)
    {
        RequireStatus(job, JobStatus.Pending);
        return job with
        {
            Status = JobStatus.Running,
            Lease = new Lease(token, now + leaseDuration),
            Attempts = [.. job.Attempts, new AttemptRecord(job.Attempts.Count + 1, now, null, null)],
            NextAttemptAt = null,
            UpdatedAt = Later(job, now),
        };
    }

    /// <summary>The dispatcher still works: the lease ends later. Never earlier than it already would.</summary>
    public static JobRecord Renew(JobRecord job, Guid token, DateTimeOffset now, TimeSpan leaseDuration)
    {
        RequireLease(job, token, now);
        var expiresAt = now + leaseDuration;
        return expiresAt <= job.Lease!.ExpiresAt
            ? job
            : job with { Lease = job.Lease with { ExpiresAt = expiresAt }, UpdatedAt = Later(job, now) };
    }

    /// <summary>
    /// The video was probed and its segments are planned; what earlier attempts finished of them is taken over.
    /// </summary>
    /// <param name="job">The job, running.</param>
    /// <param name="token">The dispatcher's lease token.</param>
    /// <param name="plan">What the video is and what there is to do.</param>
    /// <param name="resumed">What the segments add up to that earlier attempts finished.</param>
    /// <param name="now">The time.</param>
    public static JobRecord Plan(
        JobRecord job, Guid token, PlannedWork plan, SegmentProgress resumed, DateTimeOffset now)
    {
        RequireLease(job, token, now);
        return job with
        {
            Video = plan.Video,
            FramesTotal = plan.FramesTotal,
            SegmentFrames = plan.SegmentFrames,
            FramesDone = resumed.FramesDone,
            DecodeTime = resumed.DecodeTime,
            InferenceTime = resumed.InferenceTime,
            Attempts = [.. job.Attempts.SkipLast(1), job.Attempts[^1] with { FramesResumed = resumed.FramesDone }],
            UpdatedAt = Later(job, now),
        };
    }

    /// <summary>A segment is done. The count of frames only grows.</summary>
    public static JobRecord Advance(JobRecord job, Guid token, SegmentProgress progress, DateTimeOffset now)
    {
        RequireLease(job, token, now);
        return job with
        {
            FramesDone = Math.Max(job.FramesDone, progress.FramesDone),
            DecodeTime = progress.DecodeTime,
            InferenceTime = progress.InferenceTime,
            Device = progress.Device,
            UpdatedAt = Later(job, now),
        };
    }

    /// <summary>running → completed: the results are stored.</summary>
    public static JobRecord Complete(
        JobRecord job, Guid token, string outputPath, JobSummary summary, DateTimeOffset now)
    {
        RequireLease(job, token, now);
        return End(job, JobStatus.Completed, failure: null, now) with { OutputPath = outputPath, Summary = summary };
    }

    /// <summary>running → failed: the job cannot succeed.</summary>
    public static JobRecord Fail(JobRecord job, Guid token, JobFailure failure, DateTimeOffset now)
    {
        RequireLease(job, token, now);
        return End(job, JobStatus.Failed, failure, now) with { Failure = failure };
    }

    /// <summary>running → pending: the attempt ended without deciding the job, which is to be tried again.</summary>
    /// <param name="job">The job, running.</param>
    /// <param name="token">The dispatcher's lease token.</param>
    /// <param name="failure">Why the attempt ended.</param>
    /// <param name="delay">How long the next attempt has to wait; zero for not at all.</param>
    /// <param name="now">The time.</param>
    public static JobRecord Release(
        JobRecord job, Guid token, JobFailure failure, TimeSpan delay, DateTimeOffset now)
    {
        RequireLease(job, token, now);
        return BackToPending(job, failure, now) with { NextAttemptAt = delay > TimeSpan.Zero ? now + delay : null };
    }

    /// <summary>
    /// running → pending: whoever worked on the job is gone. At start that is so for every running job, since only one
    /// process can hold the database; later for one whose lease has expired (<see cref="HasExpiredLease"/>).
    /// </summary>
    public static JobRecord Rescue(JobRecord job, JobFailure failure, DateTimeOffset now)
    {
        RequireStatus(job, JobStatus.Running);
        return BackToPending(job, failure, now);
    }

    /// <summary>running → failed: whoever worked on the job is gone, and was so too often before.</summary>
    public static JobRecord Abandon(JobRecord job, JobFailure failure, DateTimeOffset now)
    {
        RequireStatus(job, JobStatus.Running);
        return End(job, JobStatus.Failed, failure, now) with { Failure = failure };
    }

    /// <summary>
    /// pending | running → cancelled: a caller ended the job. A cancelled job is returned as it is, the same instance.
    /// </summary>
    public static JobRecord Cancel(JobRecord job, DateTimeOffset now) => job.Status switch
    {
        JobStatus.Cancelled => job,
        JobStatus.Pending => End(job, JobStatus.Cancelled, failure: null, now),
        JobStatus.Running => End(
            job, JobStatus.Cancelled, new JobFailure(ErrorReason.JobCancelled, "A caller cancelled the job."), now),
        _ => throw WrongStatus(job, "PENDING or RUNNING"),
    };

    /// <summary>
    /// failed | cancelled → pending: a caller wants it tried again, with all its attempts before it. A pending or
    /// running job is returned as it is, the same instance.
    /// </summary>
    public static JobRecord Retry(JobRecord job, DateTimeOffset now) => job.Status switch
    {
        JobStatus.Pending or JobStatus.Running => job,
        JobStatus.Failed or JobStatus.Cancelled => job with
        {
            Status = JobStatus.Pending,
            Failure = null,
            EndedAt = null,
            ForgivenAttempts = job.Attempts.Count,
            QueuedAt = Later(job, now),
            UpdatedAt = Later(job, now),
        },
        _ => throw WrongStatus(job, "FAILED or CANCELLED"),
    };

    /// <summary>Throws unless the job may be deleted: it has to be terminal.</summary>
    public static void RequireDeletable(JobRecord job)
    {
        if (!job.IsTerminal)
        {
            throw WrongStatus(job, "COMPLETED, FAILED or CANCELLED");
        }
    }

    /// <summary>Whether the job is running under a lease that nobody renewed in time.</summary>
    public static bool HasExpiredLease(JobRecord job, DateTimeOffset now) =>
        job is { Status: JobStatus.Running, Lease: { } lease } && lease.ExpiresAt <= now;

    private static JobRecord BackToPending(JobRecord job, JobFailure failure, DateTimeOffset now) => job with
    {
        Status = JobStatus.Pending,
        Lease = null,
        Attempts = EndLastAttempt(job, failure, now),
        UpdatedAt = Later(job, now),
    };

    private static JobRecord End(JobRecord job, JobStatus status, JobFailure? failure, DateTimeOffset now) => job with
    {
        Status = status,
        Lease = null,
        NextAttemptAt = null,
        Attempts = EndLastAttempt(job, failure, now),
        UpdatedAt = Later(job, now),
        EndedAt = Later(job, now),
    };

    /// <summary>Only a running job has an attempt that has not ended.</summary>
    private static IReadOnlyList<AttemptRecord> EndLastAttempt(
        JobRecord job, JobFailure? failure, DateTimeOffset now) =>
        job.Status != JobStatus.Running
            ? job.Attempts
            :
            [
                .. job.Attempts.SkipLast(1),
                job.Attempts[^1] with
                {
                    EndedAt = Later(job, now),
                    Failure = failure,
                    Retryable = failure is not null && RetryPolicy.MayPass(failure.Reason),
                    Device = job.Device,
                },
            ];

    /// <summary>A clock that was set back must not make a record older than it was.</summary>
    private static DateTimeOffset Later(JobRecord job, DateTimeOffset now) => now > job.UpdatedAt ? now : job.UpdatedAt;

    private static void RequireStatus(JobRecord job, JobStatus status)
    {
        if (job.Status != status)
        {
            throw WrongStatus(job, JobStatusNames.Of(status));
        }
    }

    private static void RequireLease(JobRecord job, Guid token, DateTimeOffset now)
    {
        RequireStatus(job, JobStatus.Running);
        if (job.Lease?.Token != token)
        {
            throw new TransitionRefusedException(
                TransitionRefusal.StaleLease, $"Another dispatcher took job {job.JobId} over.");
        }

        if (HasExpiredLease(job, now))
        {
            throw new TransitionRefusedException(
                TransitionRefusal.StaleLease,
                $"The lease of job {job.JobId} expired at {job.Lease!.ExpiresAt:O} without being renewed.");
        }
    }

    private static TransitionRefusedException WrongStatus(JobRecord job, string needed) => new(
        TransitionRefusal.WrongStatus,
        $"Job {job.JobId} is {JobStatusNames.Of(job.Status)}; this needs it to be {needed}.");
}
