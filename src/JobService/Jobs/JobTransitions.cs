using ForegSyte.V1;

namespace ForegSyte.Jobs;

/// <summary>
/// The state machine of a job: pending → running → completed | failed; running → pending if an attempt ends without
/// deciding the job; pending | running → cancelled; failed | cancelled → pending if a caller retries. A caller's update
/// keeps the status. Pure: each method returns the next record or throws <see cref="TransitionRefusedException"/>. A
/// dispatcher's transitions require its lease: the right token, not expired.
/// </summary>
internal static class JobTransitions
{
    /// <summary>pending → running: a dispatcher claims the job with a new attempt and a new lease token.</summary>
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

    /// <summary>Extends the lease; never shortens it.</summary>
    public static JobRecord Renew(JobRecord job, Guid token, DateTimeOffset now, TimeSpan leaseDuration)
    {
        RequireLease(job, token, now);
        var expiresAt = now + leaseDuration;
        return expiresAt <= job.Lease!.ExpiresAt
            ? job
            : job with { Lease = job.Lease with { ExpiresAt = expiresAt }, UpdatedAt = Later(job, now) };
    }

    /// <summary>Records the probed video, the plan, and the progress kept from earlier attempts.</summary>
    /// <param name="job">The running job.</param>
    /// <param name="token">The dispatcher's lease token.</param>
    /// <param name="plan">The video and its plan.</param>
    /// <param name="resumed">The totals of the segments that earlier attempts finished.</param>
    /// <param name="now">The time.</param>
    public static JobRecord Plan(
        JobRecord job, Guid token, PlannedWork plan, SegmentProgress resumed, DateTimeOffset now)
    {
        RequireLease(job, token, now);
        return job with
        {
            Video = plan.Video,
            FramesTotal = plan.FramesTotal,
            FrameStride = plan.FrameStride ?? job.FrameStride,
            SegmentFrames = plan.SegmentFrames,
            FramesDone = resumed.FramesDone,
            DecodeTime = resumed.DecodeTime,
            InferenceTime = resumed.InferenceTime,
            ResultBytes = resumed.ResultBytes,
            Warnings = resumed.Warnings,
            Attempts = [.. job.Attempts.SkipLast(1), job.Attempts[^1] with { FramesResumed = resumed.FramesDone }],
            UpdatedAt = Later(job, now),
        };
    }

    /// <summary>Records a finished segment. The number of frames never falls.</summary>
    public static JobRecord Advance(JobRecord job, Guid token, SegmentProgress progress, DateTimeOffset now)
    {
        RequireLease(job, token, now);
        return job with
        {
            FramesDone = Math.Max(job.FramesDone, progress.FramesDone),
            DecodeTime = progress.DecodeTime,
            InferenceTime = progress.InferenceTime,
            Devices = progress.Devices,
            ResultBytes = progress.ResultBytes,
            Warnings = progress.Warnings,
            UpdatedAt = Later(job, now),
        };
    }

    /// <summary>running → completed: the results are stored.</summary>
    public static JobRecord Complete(
        JobRecord job, Guid token, StoredResults results, JobSummary summary, JobWarnings warnings, DateTimeOffset now)
    {
        RequireLease(job, token, now);
        var completed = End(job, JobStatus.Completed, failure: null, now) with
        {
            OutputPath = results.OutputPath,
            HasTracks = results.HasTracks,
            ResultBytes = results.Bytes,
            PipelineVersion = results.PipelineVersion,
            Summary = summary,
            Warnings = warnings,
        };
        return results.TakenFrom is not { } other
            ? completed
            : completed with
            {
                FrameStride = other.FrameStride,
                SegmentFrames = other.SegmentFrames,
                FramesTotal = other.FramesTotal,
                FramesDone = other.FramesDone,
                Video = other.Video,
                Devices = other.Devices,
            };
    }

    /// <summary>The results that the job was to take over are gone, so it runs itself.</summary>
    public static JobRecord ForgetReuse(JobRecord job, Guid token, DateTimeOffset now)
    {
        RequireLease(job, token, now);
        return job with { ReusedJobId = null, UpdatedAt = Later(job, now) };
    }

    /// <summary>running → failed: the job cannot succeed.</summary>
    public static JobRecord Fail(JobRecord job, Guid token, JobFailure failure, DateTimeOffset now)
    {
        RequireLease(job, token, now);
        return End(job, JobStatus.Failed, failure, now) with { Failure = failure };
    }

    /// <summary>running → pending: the attempt ended with a transient failure.</summary>
    /// <param name="job">The running job.</param>
    /// <param name="token">The dispatcher's lease token.</param>
    /// <param name="failure">Why the attempt ended.</param>
    /// <param name="delay">Back-off before the next attempt; zero for none.</param>
    /// <param name="now">The time.</param>
    public static JobRecord Release(
        JobRecord job, Guid token, JobFailure failure, TimeSpan delay, DateTimeOffset now)
    {
        RequireLease(job, token, now);
        return BackToPending(job, failure, now) with { NextAttemptAt = delay > TimeSpan.Zero ? now + delay : null };
    }

    /// <summary>
    /// running → pending: the dispatcher is gone. At start this is true of every running job, because only one process
    /// can open the database; later it is true of a job with an expired lease (<see cref="HasExpiredLease"/>).
    /// </summary>
    public static JobRecord Rescue(JobRecord job, JobFailure failure, DateTimeOffset now)
    {
        RequireStatus(job, JobStatus.Running);
        return BackToPending(job, failure, now);
    }

    /// <summary>running → failed: the dispatcher is gone, as it was in too many earlier attempts.</summary>
    public static JobRecord Abandon(JobRecord job, JobFailure failure, DateTimeOffset now)
    {
        RequireStatus(job, JobStatus.Running);
        return End(job, JobStatus.Failed, failure, now) with { Failure = failure };
    }

    /// <summary>
    /// pending | running → cancelled: a caller ended the job. Returns a cancelled job unchanged, as the same instance.
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
    /// failed | cancelled → pending: a caller retries the job, which gets all its attempts again. If frames are lost,
    /// their segments run again, so the next plan counts progress and warnings anew. Returns a pending or running job
    /// unchanged, as the same instance.
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
            FramesDone = job.FramesLost > 0 ? 0 : job.FramesDone,
            Warnings = job.FramesLost > 0 ? job.Warnings.OfFile() : job.Warnings,
            QueuedAt = Later(job, now),
            UpdatedAt = Later(job, now),
        },
        _ => throw WrongStatus(job, "FAILED or CANCELLED"),
    };

    /// <summary>
    /// A caller changes name, tags or priority, in any status; only the priority of a terminal job is fixed. Returns
    /// the same instance if nothing changes. A pending job keeps its QueuedAt, so that its rank follows from the
    /// priority.
    /// </summary>
    public static JobRecord Update(JobRecord job, JobUpdate update, DateTimeOffset now)
    {
        if (update.Priority is { } priority && priority != job.Priority && job.IsTerminal)
        {
            throw WrongStatus(job, "PENDING or RUNNING");
        }

        var changed = job with
        {
            DisplayName = update.DisplayName ?? job.DisplayName,
            Tags = update.Tags ?? job.Tags,
            Priority = update.Priority ?? job.Priority,
        };
        return changed == job ? job : changed with { UpdatedAt = Later(job, now) };
    }

    /// <summary>Throws unless the job can be deleted: only a terminal job can.</summary>
    public static void RequireDeletable(JobRecord job)
    {
        if (!job.IsTerminal)
        {
            throw WrongStatus(job, "COMPLETED, FAILED or CANCELLED");
        }
    }

    /// <summary>Whether the job is running and its lease has expired.</summary>
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

    /// <summary>
    /// Only a running job has an open attempt. A lost one ended with its lease at the latest: the JobService can have
    /// been down since.
    /// </summary>
    private static IReadOnlyList<AttemptRecord> EndLastAttempt(
        JobRecord job, JobFailure? failure, DateTimeOffset now) =>
        job.Status != JobStatus.Running
            ? job.Attempts
            :
            [
                .. job.Attempts.SkipLast(1),
                job.Attempts[^1] with
                {
                    EndedAt = Later(job, job.Lease is { } lease && lease.ExpiresAt < now ? lease.ExpiresAt : now),
                    Failure = failure,
                    Retryable = failure is not null && RetryPolicy.IsTransient(failure.Reason) && !failure.IsFinal,
                    Devices = job.Devices,
                },
            ];

    /// <summary>Never before the record's last change, even if the clock was set back.</summary>
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
                TransitionRefusal.StaleLease, $"Another dispatcher holds the lease of job {job.JobId}.");
        }

        if (HasExpiredLease(job, now))
        {
            throw new TransitionRefusedException(
                TransitionRefusal.StaleLease,
                $"The lease of job {job.JobId} expired at {job.Lease!.ExpiresAt:O}.");
        }
    }

    private static TransitionRefusedException WrongStatus(JobRecord job, string needed) => new(
        TransitionRefusal.WrongStatus,
        $"Job {job.JobId} is {JobStatusNames.Of(job.Status)}; this change requires {needed}.");
}

/// <summary>New values of the fields that a caller can change; null for those that stay.</summary>
internal sealed record JobUpdate(string? DisplayName = null, JobTags? Tags = null, int? Priority = null);

/// <summary>The probed video and its plan.</summary>
/// <param name="Video">The container's description.</param>
/// <param name="FramesTotal">Frames to analyze under frame_stride and max_frames.</param>
/// <param name="SegmentFrames">Frames per segment in the plan.</param>
internal sealed record PlannedWork(VideoInfo Video, int FramesTotal, int SegmentFrames)
{
    /// <summary>The stride that follows from frames_per_second; null if the job has its own.</summary>
    public int? FrameStride { get; init; }
}

/// <summary>The stored documents of a job.</summary>
/// <param name="OutputPath">Storage key of the results document.</param>
/// <param name="Bytes">Size of all documents.</param>
internal sealed record StoredResults(string OutputPath, long Bytes)
{
    /// <summary>Whether there is a tracks document beside the results.</summary>
    public bool HasTracks { get; init; }

    /// <summary>Pipeline.version of all results; null if it is unknown or not one.</summary>
    public string? PipelineVersion { get; init; }

    /// <summary>The completed job from which they were taken over; null if they are the job's own.</summary>
    public JobRecord? TakenFrom { get; init; }
}

/// <summary>Totals of the finished segments of a job.</summary>
/// <param name="FramesDone">Analyzed frames.</param>
/// <param name="DecodeTime">Sum of the decode times.</param>
/// <param name="InferenceTime">Sum of the inference times.</param>
/// <param name="Devices">The devices that ran them.</param>
internal sealed record SegmentProgress(
    int FramesDone, TimeSpan DecodeTime, TimeSpan InferenceTime, DeviceList Devices)
{
    /// <summary>What is wrong with the video and these segments.</summary>
    public JobWarnings Warnings { get; init; } = JobWarnings.Empty;

    /// <summary>Size of these segments as they are stored.</summary>
    public long ResultBytes { get; init; }
}

/// <summary>Why a transition was refused.</summary>
internal enum TransitionRefusal
{
    /// <summary>The current status does not allow the transition.</summary>
    WrongStatus,

    /// <summary>The lease token is not the job's, or the lease has expired.</summary>
    StaleLease,
}

/// <summary>The job's state does not allow a transition; nothing changed.</summary>
/// <param name="refusal">Why.</param>
/// <param name="message">The reason in words, with the job's id and status.</param>
internal sealed class TransitionRefusedException(TransitionRefusal refusal, string message) : Exception(message)
{
    public TransitionRefusal Refusal { get; } = refusal;
}
