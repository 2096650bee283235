using System.Text;
using ForegSyte.Hosting.Errors;
using ForegSyte.Protocol.Errors;
using ForegSyte.Protocol.Json;
using ForegSyte.V1;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;

namespace ForegSyte.Jobs.Storage;

/// <summary>
/// A copy of a completed job beside its results, from which the database can be rebuilt: a foregsyte.v1.Job as
/// canonical JSON, without internal fields such as request_id and lease.
/// </summary>
internal static class JobManifest
{
    /// <summary>Writes the manifest durably; call it right before the job is completed.</summary>
    /// <param name="storage">The storage with the job's results.</param>
    /// <param name="completed">The record of the completed job.</param>
    /// <param name="cancellationToken">Cancels the write and leaves nothing behind.</param>
    /// <exception cref="ServiceException">STORAGE_FULL.</exception>
    public static async Task WriteAsync(IStorage storage, JobRecord completed, CancellationToken cancellationToken)
    {
        var json = ForegSyteJson.Formatter.Format(ToMessage(completed)) + "\n";
        await using var artifact = storage.Stage(ArtifactKeys.Sidecar(completed.JobId));
        await artifact.Stream.WriteAsync(Encoding.UTF8.GetBytes(json), cancellationToken);
        await artifact.CommitAsync(cancellationToken);
    }

    /// <summary>Reads the manifest of a job; null if it does not exist.</summary>
    /// <exception cref="FormatException">The manifest is damaged.</exception>
    public static JobRecord? Read(IStorage storage, Guid jobId)
    {
        var key = ArtifactKeys.Sidecar(jobId);
        if (!storage.Exists(key))
        {
            return null;
        }

        using var reader = new StreamReader(storage.OpenRead(key), Encoding.UTF8);
        try
        {
            var record = ToRecord(ForegSyteJson.Parser.Parse<Job>(reader.ReadToEnd()));
            return record.JobId == jobId
                ? record
                : throw new FormatException($"{key} is the manifest of another job, {record.JobId}.");
        }
        catch (Exception failure) when (failure is InvalidProtocolBufferException or InvalidJsonException
            or ArgumentException)
        {
            throw new FormatException($"{key} is not a job manifest: {failure.Message}", failure);
        }
    }

    private static Job ToMessage(JobRecord record)
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
        job.Attempts.AddRange(record.Attempts.Select(ToMessage));
        return job;
    }

    private static JobRecord ToRecord(Job job)
    {
        if (job.Status != JobStatus.Completed || !Guid.TryParseExact(job.JobId, "D", out var jobId)
            || job.CreatedAt is null || job.UpdatedAt is null || job.Summary is null || job.Timings?.Total is null)
        {
            throw new ArgumentException("The job is not completed.", nameof(job));
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
            Attempts = [.. job.Attempts.Select(ToRecord)],
            FramesTotal = job.Progress?.FramesTotal ?? 0,
            FramesDone = job.Progress?.FramesDone ?? 0,
            Video = job.Video,
            Summary = job.Summary,
            Device = job.Device,
            DecodeTime = job.Timings.Decode?.ToTimeSpan() ?? TimeSpan.Zero,
            InferenceTime = job.Timings.Inference?.ToTimeSpan() ?? TimeSpan.Zero,
        });
    }

    private static Attempt ToMessage(AttemptRecord attempt) => new()
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

    private static AttemptRecord ToRecord(Attempt attempt) => new(
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
