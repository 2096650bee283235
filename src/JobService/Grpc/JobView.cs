using System.Buffers.Text;
using System.IO.Hashing;
using System.Runtime.CompilerServices;
using ForegSyte.Jobs.Queue;
using ForegSyte.Protocol.Errors;
using ForegSyte.V1;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Google.Rpc;

namespace ForegSyte.Jobs.Grpc;

/// <summary>
/// Converts job records to messages. Records are immutable, so the message of a record is cached as long as the record
/// lives: reading an unchanged job again costs no hashing.
/// </summary>
internal sealed class JobView(WaitReasons waits)
{
    private readonly ConditionalWeakTable<JobRecord, Job> _messages = [];

    /// <summary>The job with its current wait. Read-only: other callers get the same message.</summary>
    public Job Of(JobRecord record)
    {
        var job = _messages.GetValue(record, JobMessages.From);
        if (waits.Of(record) is not { } wait)
        {
            return job;
        }

        var waiting = job.Clone();
        waiting.Wait = wait;
        return waiting;
    }
}

/// <summary>Pure conversions of records to messages.</summary>
internal static class JobMessages
{
    /// <summary>The job without its wait, which is no part of the etag.</summary>
    public static Job From(JobRecord record)
    {
        var job = new Job
        {
            JobId = record.JobId.ToString(),
            Status = record.Status,
            PipelineId = record.PipelineId,
            Options = new JobOptions { FrameStride = record.FrameStride, MaxFrames = record.MaxFrames },
            DisplayName = record.DisplayName,
            InputPath = record.InputPath,
            TraceParent = record.TraceParent ?? "",
            VideoSha256 = record.VideoSha256 ?? "",
            OutputPath = record.OutputPath ?? "",
            ErrorMessage = record.Failure?.Message ?? "",
            ErrorInfo = record.Failure is { } failure ? InfoOf(failure) : null,
            CreatedAt = record.CreatedAt.ToTimestamp(),
            UpdatedAt = record.UpdatedAt.ToTimestamp(),
            Progress = ProgressOf(record),
            Timings = TimingsOf(record),
            Priority = record.Priority,
            Tenant = record.Tenant,
        };
        job.Video = record.Video;
        job.Summary = record.Summary;
        job.Device = record.Device;
        job.Attempts.AddRange(record.Attempts.Select(From));
        job.Etag = EtagOf(job);
        return job;
    }

    private static JobProgress ProgressOf(JobRecord record) => new()
    {
        FramesTotal = record.FramesTotal,
        FramesDone = record.FramesDone,
        Fraction = record.Status == JobStatus.Completed ? 1
            : record.FramesTotal == 0 ? 0
            : Math.Min(0.999f, (float)record.FramesDone / record.FramesTotal),
    };

    private static JobTimings TimingsOf(JobRecord record)
    {
        var timings = new JobTimings
        {
            Decode = record.DecodeTime.ToDuration(),
            Inference = record.InferenceTime.ToDuration(),
        };
        if (record.Attempts.Count > 0)
        {
            timings.Queued = (record.Attempts[^1].StartedAt - record.CreatedAt).ToDuration();
        }

        if (record.EndedAt is { } endedAt)
        {
            timings.Total = (endedAt - record.CreatedAt).ToDuration();
        }

        return timings;
    }

    private static Attempt From(AttemptRecord attempt) => new()
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

    private static ErrorInfo InfoOf(JobFailure failure)
    {
        var info = new ErrorInfo { Domain = ErrorReasons.Domain, Reason = failure.Reason.ToText() };
        foreach (var (key, value) in failure.Metadata)
        {
            info.Metadata[key] = value;
        }

        return info;
    }

    /// <summary>
    /// A hash of the message, so that equal jobs have equal etags, also after a restart. It excludes updated_at, which
    /// every renewal of the lease changes.
    /// </summary>
    private static string EtagOf(Job job)
    {
        var seen = job.Clone();
        seen.UpdatedAt = null;
        var hash = XxHash128.Hash(seen.ToByteArray());
        return Base64Url.EncodeToString(hash);
    }
}
