using System.Buffers.Text;
using System.IO.Hashing;
using ForegSyte.V1;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;

namespace ForegSyte.Jobs;

/// <summary>The record of a job as a message of the contract. Pure.</summary>
internal static class JobMessage
{
    /// <summary>Length of W/"…" with the 128 bits of the hash in base64url without padding.</summary>
    private const int EtagLength = 4 + 22;

    /// <summary>The whole job without its queue state, which is no part of the etag.</summary>
    public static Job From(JobRecord record, int maxAttempts = int.MaxValue)
    {
        var job = new Job
        {
            JobId = record.JobId.ToString(),
            Status = record.Status,
            PipelineId = record.PipelineId,
            Options = JobChoices.OptionsOf(record),
            DisplayName = record.DisplayName,
            TraceParent = record.TraceParent ?? "",
            VideoSha256 = record.VideoSha256 ?? "",
            ErrorMessage = record.Failure?.Message ?? "",
            Error = record.Failure?.ToStatus(),
            CreatedAt = record.CreatedAt.ToTimestamp(),
            UpdatedAt = record.UpdatedAt.ToTimestamp(),
            Progress = ProgressOf(record),
            Timings = TimingsOf(record),
            Priority = record.Priority,
            Tenant = record.Tenant,
            ReusedJobId = record.ReusedJobId?.ToString() ?? "",
            PipelineVersion = record.PipelineVersion ?? "",
        };
        foreach (var (key, value) in record.Tags)
        {
            // In the order of the keys, because the etag is a hash of the bytes.
            job.Tags.Add(key, value);
        }

        job.Video = record.Video;
        job.Webhook = record.Webhook?.ToMessage();
        job.Summary = record.Summary;
        job.Warnings.AddRange(record.Warnings.ToMessages());
        job.Devices.AddRange(record.Devices);
        job.Attempts.AddRange(record.Attempts.TakeLast(maxAttempts).Select(From));
        job.Etag = EtagOf(job);
        return job;
    }

    /// <summary>A job that does not exist yet, without its id, its times and its etag.</summary>
    public static Job Preview(JobRecord record)
    {
        var job = From(record);
        (job.JobId, job.TraceParent, job.Etag) = ("", "", "");
        (job.CreatedAt, job.UpdatedAt, job.Timings) = (null, null, null);
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
        Error = attempt.Failure?.ToStatus(),
        Retryable = attempt.Retryable,
        Devices = { attempt.Devices },
        FramesResumed = attempt.FramesResumed,
    };

    /// <summary>The job without the fields of the view FULL. It shares its parts with the given message.</summary>
    public static Job Basic(Job job) => new()
    {
        JobId = job.JobId,
        Status = job.Status,
        PipelineId = job.PipelineId,
        Options = job.Options,
        DisplayName = job.DisplayName,
        Tags = { job.Tags },
        Priority = job.Priority,
        ErrorMessage = job.ErrorMessage,
        Error = job.Error,
        CreatedAt = job.CreatedAt,
        UpdatedAt = job.UpdatedAt,
        Etag = job.Etag,
        Progress = job.Progress,
        Tenant = job.Tenant,
        VideoSha256 = job.VideoSha256,
        TraceParent = job.TraceParent,
        Warnings = { job.Warnings },
        ReusedJobId = job.ReusedJobId,
        PipelineVersion = job.PipelineVersion,
        Webhook = job.Webhook,
    };

    /// <summary>Only the fields whose size has a small limit. It shares its parts with the given message.</summary>
    public static Job Reference(Job job) => new()
    {
        JobId = job.JobId,
        Status = job.Status,
        PipelineId = job.PipelineId,
        Tenant = job.Tenant,
        CreatedAt = job.CreatedAt,
        UpdatedAt = job.UpdatedAt,
        Etag = job.Etag,
    };

    /// <summary>Whether a text has the form of an etag.</summary>
    public static bool IsEtag(string text) =>
        text.Length == EtagLength && text.StartsWith("W/\"", StringComparison.Ordinal) && text.EndsWith('"');

    /// <summary>
    /// A hash of the message, so that equal jobs have equal etags, also after a restart. It excludes updated_at, which
    /// every renewal of the lease changes, so it is a weak etag (RFC 9110, section 8.8.1).
    /// </summary>
    private static string EtagOf(Job job)
    {
        var seen = job.Clone();
        seen.UpdatedAt = null;
        var hash = XxHash128.Hash(seen.ToByteArray());
        return $"W/\"{Base64Url.EncodeToString(hash)}\"";
    }
}
