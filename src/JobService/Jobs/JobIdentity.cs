namespace ForegSyte.Jobs;

/// <summary>What a job keeps from its acceptance on.</summary>
internal static class JobIdentity
{
    /// <summary>Refuses a transition that makes another job of a record.</summary>
    /// <exception cref="ArgumentException">A field that never changes was changed; a defect of the
    /// transition.</exception>
    public static void RequireSame(JobRecord before, JobRecord after)
    {
        var kept = before with
        {
            Status = after.Status,
            OutputPath = after.OutputPath,
            Failure = after.Failure,
            UpdatedAt = after.UpdatedAt,
            QueuedAt = after.QueuedAt,
            NextAttemptAt = after.NextAttemptAt,
            EndedAt = after.EndedAt,
            Lease = after.Lease,
            Attempts = after.Attempts,
            ForgivenAttempts = after.ForgivenAttempts,
            FramesTotal = after.FramesTotal,
            FramesDone = after.FramesDone,
            SegmentFrames = after.SegmentFrames,
            Video = after.Video,
            Summary = after.Summary,
            Device = after.Device,
            DecodeTime = after.DecodeTime,
            InferenceTime = after.InferenceTime,
        };
        if (kept != after)
        {
            throw new ArgumentException(
                $"A transition of job {before.JobId} changed a field that is fixed at acceptance.", nameof(after));
        }
    }
}
