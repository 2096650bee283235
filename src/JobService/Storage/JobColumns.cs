using System.Text.Json;
using ForegSyte.Protocol.Errors;
using ForegSyte.Protocol.Json;
using Google.Protobuf;

namespace ForegSyte.Jobs.Storage;

/// <summary>The columns of jobs and attempts, and how records become values. <see cref="JobRow"/> reads them.</summary>
internal static class JobColumns
{
    /// <summary>Columns of jobs that never change.</summary>
    public static readonly IReadOnlyList<Column<JobRecord>> Fixed =
    [
        Job("job_id", job => job.JobId),
        Job("pipeline_id", job => job.PipelineId),
        Job("frame_stride", job => job.FrameStride),
        Job("max_frames", job => job.MaxFrames),
        Job("display_name", job => job.DisplayName),
        Job("request_id", job => job.RequestId),
        Job(
            "fingerprint_json", job => job.Fingerprint,
            value => value is null ? null : JsonSerializer.Serialize(value)),
        Job("input_path", job => job.InputPath),
        Job("created_at", job => job.CreatedAt, Utc),
        Job("priority", job => job.Priority),
        Job("tenant", job => job.Tenant),
        Job("video_sha256", job => job.VideoSha256),
        Job("trace_parent", job => job.TraceParent),
    ];

    /// <summary>Columns of jobs that an update may change.</summary>
    public static readonly IReadOnlyList<Column<JobRecord>> Changing =
    [
        Job("status", job => job.Status, JobStatusNames.Of),
        Job("output_path", job => job.OutputPath),
        Job("failure_reason", job => job.Failure, Reason),
        Job("failure_message", job => job.Failure, Message),
        Job("failure_metadata_json", job => job.Failure, Metadata),
        Job("updated_at", job => job.UpdatedAt, Utc),
        Job("ended_at", job => job.EndedAt, Utc),
        Job("lease_token", job => job.Lease?.Token),
        Job("lease_expires_at", job => job.Lease?.ExpiresAt, Utc),
        Job("frames_total", job => job.FramesTotal),
        Job("frames_done", job => job.FramesDone),
        Job("video_json", job => job.Video, Json),
        Job("summary_json", job => job.Summary, Json),
        Job("device_json", job => job.Device, Json),
        Job("decode_time_us", job => job.DecodeTime, Microseconds),
        Job("inference_time_us", job => job.InferenceTime, Microseconds),
        Job("queued_at", job => job.QueuedAt, Utc),
        Job("next_attempt_at", job => job.NextAttemptAt, Utc),
        Job("forgiven_attempts", job => job.ForgivenAttempts),
        Job("segment_frames", job => job.SegmentFrames),
    ];

    /// <summary>All columns of jobs; the key is job_id.</summary>
    public static readonly IReadOnlyList<Column<JobRecord>> Jobs = [.. Fixed, .. Changing];

    /// <summary>All columns of attempts; the key is the first two.</summary>
    public static readonly IReadOnlyList<Column<AttemptRow>> Attempts =
    [
        Attempt("job_id", row => row.JobId),
        Attempt("number", row => row.Attempt.Number),
        Attempt("started_at", row => row.Attempt.StartedAt, Utc),
        Attempt("ended_at", row => row.Attempt.EndedAt, Utc),
        Attempt("failure_reason", row => row.Attempt.Failure, Reason),
        Attempt("failure_message", row => row.Attempt.Failure, Message),
        Attempt("failure_metadata_json", row => row.Attempt.Failure, Metadata),
        Attempt("retryable", row => row.Attempt.Retryable),
        Attempt("device_json", row => row.Attempt.Device, Json),
        Attempt("frames_resumed", row => row.Attempt.FramesResumed),
        Attempt("last_words", row => row.Attempt.Failure, failure => failure?.LastWords),
    ];

    /// <summary>All columns of request_ids; the key is the first.</summary>
    public static readonly IReadOnlyList<Column<RequestRow>> Requests =
    [
        Request("request_id", row => row.RequestId),
        Request("job_id", row => row.JobId),
        Request("created_at", row => row.CreatedAt, Utc),
    ];

    private static Column<JobRecord, TSource, TSource> Job<TSource>(string name, Func<JobRecord, TSource> source) =>
        new(name, source, value => value);

    private static Column<JobRecord, TSource, TStored> Job<TSource, TStored>(
        string name, Func<JobRecord, TSource> source, Func<TSource, TStored> stored) => new(name, source, stored);

    private static Column<AttemptRow, TSource, TSource> Attempt<TSource>(
        string name, Func<AttemptRow, TSource> source) => new(name, source, value => value);

    private static Column<AttemptRow, TSource, TStored> Attempt<TSource, TStored>(
        string name, Func<AttemptRow, TSource> source, Func<TSource, TStored> stored) => new(name, source, stored);

    private static Column<RequestRow, TSource, TSource> Request<TSource>(
        string name, Func<RequestRow, TSource> source) => new(name, source, value => value);

    private static Column<RequestRow, TSource, TStored> Request<TSource, TStored>(
        string name, Func<RequestRow, TSource> source, Func<TSource, TStored> stored) => new(name, source, stored);

    private static string? Reason(JobFailure? failure) => failure?.Reason.ToText();

    private static string? Message(JobFailure? failure) => failure?.Message;

    private static string? Metadata(JobFailure? failure) =>
        failure is null ? null : JsonSerializer.Serialize(failure.Metadata);

    private static string? Json(IMessage? message) => message is null ? null : ForegSyteJson.Formatter.Format(message);

    private static DateTime Utc(DateTimeOffset instant) => instant.UtcDateTime;

    private static DateTime? Utc(DateTimeOffset? instant) => instant?.UtcDateTime;

    private static long Microseconds(TimeSpan span) => span.Ticks / TimeSpan.TicksPerMicrosecond;
}
