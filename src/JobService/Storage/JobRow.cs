using System.Data.Common;
using System.Text.Json;
using DuckDB.NET.Data;
using ForegSyte.Protocol.Errors;
using ForegSyte.Protocol.Json;
using ForegSyte.V1;
using Google.Protobuf;

namespace ForegSyte.Jobs.Storage;

/// <summary>Turns rows into records. The columns are those of <see cref="JobColumns"/>.</summary>
internal static class JobRow
{
    /// <summary>Reads the row of a job, without attempts.</summary>
    public static JobRecord ReadJob(DuckDBDataReader reader)
    {
        var row = new RowReader(reader);
        return new JobRecord
        {
            JobId = row.Get<Guid>("job_id"),
            Status = Status(row.Text("status")),
            PipelineId = row.Text("pipeline_id"),
            FrameStride = row.Get<int>("frame_stride"),
            MaxFrames = row.Get<int>("max_frames"),
            DisplayName = row.Text("display_name"),
            Priority = row.Get<int>("priority"),
            Tenant = row.Text("tenant"),
            RequestId = row.GetOrNull<Guid>("request_id"),
            Fingerprint = row.TextOrNull("fingerprint_json") is { } json
                ? JsonSerializer.Deserialize<RequestFingerprint>(json)
                : null,
            InputPath = row.Text("input_path"),
            VideoSha256 = row.TextOrNull("video_sha256"),
            TraceParent = row.TextOrNull("trace_parent"),
            OutputPath = row.TextOrNull("output_path"),
            Failure = Failure(row),
            CreatedAt = row.Instant("created_at"),
            UpdatedAt = row.Instant("updated_at"),
            QueuedAt = row.Instant("queued_at"),
            NextAttemptAt = row.InstantOrNull("next_attempt_at"),
            EndedAt = row.InstantOrNull("ended_at"),
            Lease = row.GetOrNull<Guid>("lease_token") is { } token
                ? new Lease(token, row.Instant("lease_expires_at"))
                : null,
            FramesTotal = row.Get<int>("frames_total"),
            FramesDone = row.Get<int>("frames_done"),
            ForgivenAttempts = row.Get<int>("forgiven_attempts"),
            SegmentFrames = row.Get<int>("segment_frames"),
            Video = Message<VideoInfo>(row.TextOrNull("video_json")),
            Summary = Message<JobSummary>(row.TextOrNull("summary_json")),
            Device = Message<Device>(row.TextOrNull("device_json")),
            DecodeTime = TimeSpan.FromMicroseconds(row.Get<long>("decode_time_us")),
            InferenceTime = TimeSpan.FromMicroseconds(row.Get<long>("inference_time_us")),
        };
    }

    /// <summary>Reads the row of an attempt.</summary>
    public static AttemptRecord ReadAttempt(DuckDBDataReader reader)
    {
        var row = new RowReader(reader);
        return new AttemptRecord(
            row.Get<int>("number"), row.Instant("started_at"), row.InstantOrNull("ended_at"),
            Failure(row) is { } failure ? failure with { LastWords = row.TextOrNull("last_words") ?? "" } : null)
        {
            Retryable = row.Get<bool>("retryable"),
            Device = Message<Device>(row.TextOrNull("device_json")),
            FramesResumed = row.Get<int>("frames_resumed"),
        };
    }

    private static JobFailure? Failure(RowReader row) => row.TextOrNull("failure_reason") is { } reason
        ? new JobFailure(
            ErrorReasons.Parse(reason),
            row.Text("failure_message"),
            JsonSerializer.Deserialize<Dictionary<string, string>>(row.Text("failure_metadata_json"))!)
        : null;

    private static JobStatus Status(string name) => JobStatusNames.TryParse(name, out var status)
        ? status.Value
        : throw new DatabaseException(
            $"The database holds the status '{name}', which this version does not know. Start the version that wrote "
            + "it.");

    private static T? Message<T>(string? json)
        where T : class, IMessage, new() =>
        json is null ? null : ForegSyteJson.Parser.Parse<T>(json);

    /// <summary>The columns of the current row, by name.</summary>
    private readonly ref struct RowReader(DbDataReader reader)
    {
        private readonly DbDataReader _reader = reader;

        public T Get<T>(string column) => _reader.GetFieldValue<T>(_reader.GetOrdinal(column));

        public T? GetOrNull<T>(string column)
            where T : struct => IsNull(column) ? null : Get<T>(column);

        public string Text(string column) => _reader.GetString(_reader.GetOrdinal(column));

        public string? TextOrNull(string column) => IsNull(column) ? null : Text(column);

        // TIMESTAMP has no zone and reads back as Unspecified; the columns hold UTC.
        public DateTimeOffset Instant(string column) =>
            new(_reader.GetDateTime(_reader.GetOrdinal(column)), TimeSpan.Zero);

        public DateTimeOffset? InstantOrNull(string column) => IsNull(column) ? null : Instant(column);

        private bool IsNull(string column) => _reader.IsDBNull(_reader.GetOrdinal(column));
    }
}
