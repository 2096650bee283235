using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using ForegSyte.Hosting.Errors;
using ForegSyte.Protocol.Errors;
using ForegSyte.Protocol.Json;
using ForegSyte.V1;
using Google.Protobuf;

namespace ForegSyte.Jobs.Storage;

/// <summary>
/// A copy of a completed job beside its results, from which the database can be rebuilt: a foregsyte.v1.Job as
/// canonical JSON with the storage keys input_path and output_path and with has_tracks, without other internal fields
/// such as request_id and lease.
/// </summary>
internal static class JobManifest
{
    private const string InputPath = "input_path";
    private const string OutputPath = "output_path";
    private const string HasTracks = "has_tracks";

    private static readonly JsonSerializerOptions JsonOptions =
        new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Writes the manifest durably; call it right before the job is completed.</summary>
    /// <param name="storage">The storage with the job's results.</param>
    /// <param name="completed">The record of the completed job.</param>
    /// <param name="cancellationToken">Cancels the write and leaves nothing behind.</param>
    /// <exception cref="ServiceException">STORAGE_FULL.</exception>
    public static async Task WriteAsync(IStorage storage, JobRecord completed, CancellationToken cancellationToken)
    {
        await using var artifact = await storage.StageAsync(KeyOf(completed), cancellationToken);
        await artifact.Stream.WriteAsync(Encoding.UTF8.GetBytes(TextOf(completed)), cancellationToken);
        await artifact.CommitAsync(cancellationToken);
    }

    /// <summary>Whether a manifest has what a caller can change as the job has it.</summary>
    public static bool AgreesWith(JobRecord manifest, JobRecord job) =>
        (manifest.DisplayName, manifest.Tags, manifest.Priority).Equals((job.DisplayName, job.Tags, job.Priority));

    /// <summary>
    /// Rewrites the manifest of a completed job until it agrees with the stored job; call it after UpdateJob changed
    /// the job. The database has the change first, so a crash or a full disk in between leaves the earlier values,
    /// which only a rebuild reads; the next change or a repetition of the call writes them. Concurrent calls need no
    /// lock, because each compares what it wrote with the job afterwards.
    /// </summary>
    public static async Task FollowAsync(IStorage storage, JobTracker tracker, Guid jobId, ILogger logger)
    {
        string? written = null;
        try
        {
            while (await tracker.FindAsync(jobId, CancellationToken.None) is { Status: JobStatus.Completed } job)
            {
                if (await HasTextAsync(storage, KeyOf(job), TextOf(job)))
                {
                    return;
                }

                written = KeyOf(job);
                await WriteAsync(storage, job, CancellationToken.None);
            }

            // The job was deleted meanwhile, and this call can have written after the removal of its artifacts.
            if (written is not null)
            {
                await storage.DeleteAsync(written, CancellationToken.None);
            }
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or ServiceException)
        {
            logger.LogWarning(failure, "Manifest of job {JobId} keeps the job's earlier name, tags or priority", jobId);
        }
    }

    /// <summary>Reads a manifest; null if it does not exist.</summary>
    /// <exception cref="FormatException">The manifest is damaged.</exception>
    public static async Task<JobRecord?> ReadAsync(IStorage storage, string key, CancellationToken cancellationToken)
    {
        if (await ReadTextAsync(storage, key, cancellationToken) is not { } text)
        {
            return null;
        }

        try
        {
            var record = Parse(text);
            if (record.JobId != ArtifactKeys.JobOf(key))
            {
                throw new FormatException($"{key} is the manifest of another job, {record.JobId}.");
            }

            return StorageKey.IsValid(record.InputPath) && KeyOf(record) == key
                ? record
                : throw new FormatException($"{key} names no video or not the results of its job.");
        }
        catch (Exception failure) when (failure is InvalidProtocolBufferException or InvalidJsonException
            or JsonException or InvalidOperationException or ArgumentException)
        {
            throw new FormatException($"{key} is not a job manifest: {failure.Message}", failure);
        }
    }

    private static string KeyOf(JobRecord completed) => ArtifactKeys.Sidecar(completed.OutputPath!);

    private static async Task<bool> HasTextAsync(IStorage storage, string key, string text) =>
        await ReadTextAsync(storage, key, CancellationToken.None) == text;

    private static async Task<string?> ReadTextAsync(
        IStorage storage, string key, CancellationToken cancellationToken)
    {
        if (!await storage.ExistsAsync(key, cancellationToken))
        {
            return null;
        }

        using var reader = new StreamReader(await storage.OpenReadAsync(key, cancellationToken), Encoding.UTF8);
        return await reader.ReadToEndAsync(cancellationToken);
    }

    private static string TextOf(JobRecord completed)
    {
        var manifest = JsonNode.Parse(ForegSyteJson.Formatter.Format(JobMessage.From(completed)))!.AsObject();
        manifest[InputPath] = completed.InputPath;
        manifest[OutputPath] = completed.OutputPath;
        manifest[HasTracks] = completed.HasTracks;
        return manifest.ToJsonString(JsonOptions) + "\n";
    }

    private static JobRecord Parse(string json)
    {
        var manifest = JsonNode.Parse(json)?.AsObject() ?? throw new ArgumentException("The manifest is empty.");
        StoredJson.UpgradeJob(manifest);
        foreach (var attempt in (manifest["attempts"] as JsonArray ?? []).OfType<JsonObject>())
        {
            UpgradeError(attempt);
        }

        return ToRecord(
            ForegSyteJson.Parser.Parse<Job>(manifest.ToJsonString()),
            manifest[InputPath]?.GetValue<string>() ?? "",
            manifest[OutputPath]?.GetValue<string>() ?? "") with
        {
            HasTracks = manifest[HasTracks]?.GetValue<bool>() ?? false,
        };
    }

    private static void UpgradeError(JsonObject attempt)
    {
        if (attempt["error_reason"]?.GetValue<string>() is { Length: > 0 } text)
        {
            var reason = KnownReason(text);
            var status = ErrorStatus.Create(
                reason, attempt["error_message"]?.GetValue<string>() ?? "",
                new Dictionary<string, string>());
            attempt["error"] = JsonNode.Parse(ForegSyteJson.Formatter.Format(status));
        }
    }

    private static JobRecord ToRecord(Job job, string inputPath, string outputPath)
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
            FrameStride = StrideOf(job),
            MaxFrames = job.Options?.MaxFrames ?? 0,
            Choices = JobChoices.Of(job.Options),
            ReusedJobId = job.ReusedJobId.Length == 0 ? null : Guid.ParseExact(job.ReusedJobId, "D"),
            PipelineVersion = job.PipelineVersion.Length == 0 ? null : job.PipelineVersion,
            DisplayName = job.DisplayName,
            Tags = new JobTags(job.Tags),
            Priority = job.Priority,
            Tenant = job.Tenant,
            InputPath = inputPath,
            VideoSha256 = job.VideoSha256.Length == 0 ? null : job.VideoSha256,
            TraceParent = job.TraceParent.Length == 0 ? null : job.TraceParent,

            // Without the query of its address: a completed job sends nothing more.
            Webhook = JobWebhook.FromMessage(job.Webhook),
            OutputPath = outputPath,
            CreatedAt = createdAt,
            UpdatedAt = job.UpdatedAt.ToDateTimeOffset(),
            QueuedAt = createdAt,
            EndedAt = createdAt + job.Timings.Total.ToTimeSpan(),
            Attempts = [.. job.Attempts.Select(ToRecord)],
            FramesTotal = job.Progress?.FramesTotal ?? 0,
            FramesDone = job.Progress?.FramesDone ?? 0,
            Video = job.Video,
            Summary = job.Summary,
            Warnings = new JobWarnings(job.Warnings),
            Devices = new DeviceList(job.Devices),
            DecodeTime = job.Timings.Decode?.ToTimeSpan() ?? TimeSpan.Zero,
            InferenceTime = job.Timings.Inference?.ToTimeSpan() ?? TimeSpan.Zero,
        });
    }

    private static int StrideOf(Job job) => job.Options switch
    {
        null => 1,
        { FramesPerSecond: > 0 } options => JobChoices.StrideFor(options.FramesPerSecond, job.Video?.FrameRate ?? 0),
        var options => options.FrameStride,
    };

    private static AttemptRecord ToRecord(Attempt attempt) => new(
        attempt.Number,
        attempt.StartedAt.ToDateTimeOffset(),
        attempt.EndedAt?.ToDateTimeOffset(),
        FailureOf(attempt))
    {
        Retryable = attempt.Retryable,
        Devices = new DeviceList(attempt.Devices),
        FramesResumed = attempt.FramesResumed,
    };

    private static JobFailure? FailureOf(Attempt attempt) => ErrorStatus.InfoOf(attempt.Error) is { } info
        ? new JobFailure(
            KnownReason(info.Reason), attempt.ErrorMessage, new Dictionary<string, string>(info.Metadata))
        : null;

    /// <summary>The reason; INTERNAL for one of a newer version, which must not cost the job.</summary>
    private static ErrorReason KnownReason(string text) =>
        ErrorReasons.Parse(text) is var reason and not ErrorReason.Unspecified ? reason : ErrorReason.Internal;
}
