using ForegSyte.Protocol.Errors;
using ForegSyte.V1;
using Google.Protobuf.WellKnownTypes;

namespace ForegSyte.Jobs.Storage;

/// <summary>The message of a sidecar from a record, and back. Pure.</summary>
internal static class JobManifestMessage
{
    /// <summary>The message, without what a reader of the API would see besides: etag, progress and wait.</summary>
    public static Job Of(JobRecord record)
    {
        var job = new Job
        {
            JobId = record.JobId.ToString(),
            Status = record.Status,
            PipelineId = record.PipelineId,
            Options = new JobOptions { FrameStride = record.FrameStride, MaxFrames = record.MaxFrames },
            DisplayName = record.DisplayName,
            Priority = record.Priority,
            Tenant = record.Tenant,
            InputPath = record.InputPath,
            VideoSha256 = record.VideoSha256 ?? "",
            TraceParent = record.TraceParent ?? "",
            OutputPath = record.OutputPath ?? "",
            CreatedAt = record.CreatedAt.ToTimestamp(),
            UpdatedAt = record.UpdatedAt.ToTimestamp(),
            Video = record.Video,
            Summary = record.Summary,
            Device = record.Device,
            Progress = new JobProgress
            {
                FramesTotal = record.FramesTotal,
                FramesDone = record.FramesDone,
                Fraction = 1,
            },
            Timings = new JobTimings
            {
                Decode = record.DecodeTime.ToDuration(),
                Inference = record.InferenceTime.ToDuration(),
                Total = record.EndedAt is { } endedAt ? (endedAt - record.CreatedAt).ToDuration() : null,
            },
        };
        job.Attempts.AddRange(record.Attempts.Select(Of));
        return job;
    }

    /// <summary>The record of a completed job.</summary>
    /// <exception cref="ArgumentException">The message is not that of a completed job.</exception>
    public static JobRecord Read(Job job)
    {
        if (job.Status != JobStatus.Completed || !Guid.TryParseExact(job.JobId, "D", out var jobId)
            || job.CreatedAt is null || job.UpdatedAt is null || job.Summary is null || job.Timings?.Total is null)
        {
            throw new ArgumentException("It is not that of a completed job.", nameof(job));
        }

        var createdAt = job.CreatedAt.ToDateTimeOffset();
        return JobPrecision.Cut(new JobRecord
        {
            JobId = jobId,
            Status = job.Status,
            PipelineId = job.PipelineId,
            FrameStride = job.Options?.FrameStride ?? 1,
            MaxFrames = job.Options?.MaxFrames ?? 0,
            DisplayName = job.DisplayName,
            Priority = job.Priority,
            Tenant = job.Tenant,
            InputPath = job.InputPath,
            VideoSha256 = job.VideoSha256.Length == 0 ? null : job.VideoSha256,
            TraceParent = job.TraceParent.Length == 0 ? null : job.TraceParent,
            OutputPath = job.OutputPath,
            CreatedAt = createdAt,
            UpdatedAt = job.UpdatedAt.ToDateTimeOffset(),
            QueuedAt = createdAt,
            EndedAt = createdAt + job.Timings.Total.ToTimeSpan(),
            Attempts = [.. job.Attempts.Select(Read)],
            FramesTotal = job.Progress?.FramesTotal ?? 0,
            FramesDone = job.Progress?.FramesDone ?? 0,
            Video = job.Video,
            Summary = job.Summary,
            Device = job.Device,
            DecodeTime = job.Timings.Decode?.ToTimeSpan() ?? TimeSpan.Zero,
            InferenceTime = job.Timings.Inference?.ToTimeSpan() ?? TimeSpan.Zero,
        });
    }

    private static Attempt Of(AttemptRecord attempt) => new()
    {
        Number = attempt.Number,
        StartedAt = attempt.StartedAt.ToTimestamp(),
        EndedAt = attempt.EndedAt?.ToTimestamp(),
        ErrorMessage = attempt.Failure?.Message ?? "",
        ErrorReason = attempt.Failure?.Reason.ToText() ?? "",
        Retryable = attempt.Retryable,
        Device = attempt.Device,
        FramesResumed = attempt.FramesResumed,
    };

    private static AttemptRecord Read(Attempt attempt) => new(
        attempt.Number,
        attempt.StartedAt.ToDateTimeOffset(),
        attempt.EndedAt?.ToDateTimeOffset(),
        attempt.ErrorReason.Length == 0
            ? null
            : new JobFailure(ErrorReasons.Parse(attempt.ErrorReason), attempt.ErrorMessage))
    {
        Retryable = attempt.Retryable,
        Device = attempt.Device,
        FramesResumed = attempt.FramesResumed,
    };
}
