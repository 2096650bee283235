using ForegSyte.V1;

namespace ForegSyte.Jobs;

/// <summary>
/// The state machine of a job: pending → running → completed | failed, and running → pending where an attempt ends
/// without deciding the job. Pure: each method makes the next record or throws
/// <see cref="TransitionRefusedException"/>. Whatever a dispatcher does is fenced by its lease token.
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
            FramesTotal = 0,
            FramesDone = 0,
            DecodeTime = TimeSpan.Zero,
            InferenceTime = TimeSpan.Zero,
            UpdatedAt = Later(job, now),
        };
    }

    /// <summary>The dispatcher still works: the lease ends later. Never earlier than it already would.</summary>
    public static JobRecord Renew(JobRecord job, Guid token, DateTimeOffset now, TimeSpan leaseDuration)
    {
        RequireLease(job, token);
        var expiresAt = now + leaseDuration;
        return expiresAt <= job.Lease!.ExpiresAt
            ? job
            : job with { Lease = job.Lease with { ExpiresAt = expiresAt }, UpdatedAt = Later(job, now) };
    }

    /// <summary>The video was probed: it is known how many frames there are to analyze.</summary>
    public static JobRecord Probe(JobRecord job, Guid token, VideoInfo video, int framesTotal, DateTimeOffset now)
    {
        RequireLease(job, token);
        return job with { Video = video, FramesTotal = framesTotal, UpdatedAt = Later(job, now) };
    }

    /// <summary>A segment is done. The count of frames only grows.</summary>
    public static JobRecord Advance(JobRecord job, Guid token, SegmentProgress progress, DateTimeOffset now)
    {
        RequireLease(job, token);
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
        RequireLease(job, token);
        return End(job, JobStatus.Completed, failure: null, now) with { OutputPath = outputPath, Summary = summary };
    }

    /// <summary>running → failed: the job cannot succeed.</summary>
    public static JobRecord Fail(JobRecord job, Guid token, JobFailure failure, DateTimeOffset now)
    {
        RequireLease(job, token);
        return End(job, JobStatus.Failed, failure, now) with { Failure = failure };
    }

    /// <summary>running → pending: the attempt ended without deciding the job, which is to be tried again.</summary>
    public static JobRecord Release(JobRecord job, Guid token, JobFailure failure, DateTimeOffset now)
    {
        RequireLease(job, token);
        return BackToPending(job, failure, now);
    }

    /// <summary>
    /// running → pending: whoever worked on the job is gone. Used at start, when no dispatcher of this database can be
    /// alive: only one process can hold it open.
    /// </summary>
    public static JobRecord Rescue(JobRecord job, JobFailure failure, DateTimeOffset now)
    {
        RequireStatus(job, JobStatus.Running);
        return BackToPending(job, failure, now);
    }

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
        Attempts = EndLastAttempt(job, failure, now),
        UpdatedAt = Later(job, now),
        EndedAt = Later(job, now),
    };

    private static AttemptRecord[] EndLastAttempt(JobRecord job, JobFailure? failure, DateTimeOffset now) =>
        [.. job.Attempts.SkipLast(1), job.Attempts[^1] with { EndedAt = Later(job, now), Failure = failure }];

    /// <summary>A clock that was set back must not make a record older than it was.</summary>
    private static DateTimeOffset Later(JobRecord job, DateTimeOffset now) => now > job.UpdatedAt ? now : job.UpdatedAt;

    private static void RequireStatus(JobRecord job, JobStatus status)
    {
        if (job.Status != status)
        {
            throw new TransitionRefusedException(
                TransitionRefusal.WrongStatus, $"Job {job.JobId} is {job.Status}; this needs it to be {status}.");
        }
    }

    private static void RequireLease(JobRecord job, Guid token)
    {
        RequireStatus(job, JobStatus.Running);
        if (job.Lease?.Token != token)
        {
            throw new TransitionRefusedException(
                TransitionRefusal.StaleLease, $"Another dispatcher took job {job.JobId} over.");
        }
    }
}
