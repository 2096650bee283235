using System.Text.Json;
using ForegSyte.Protocol.Json;
using ForegSyte.V1;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;

namespace ForegSyte.Jobs.Tests.Storage;

/// <summary>Jobs for tests.</summary>
internal static class TestJobs
{
    public static readonly DateTimeOffset Noon = new(2026, 1, 31, 12, 0, 0, TimeSpan.Zero);

    /// <summary>A pending job.</summary>
    public static JobRecord Pending(Guid? jobId = null, DateTimeOffset? createdAt = null, Guid? requestId = null) =>
        new()
        {
            JobId = jobId ?? Guid.NewGuid(),
            Status = JobStatus.Pending,
            PipelineId = "yolo_ocr",
            InputPath = "video.mp4",
            RequestId = requestId,
            CreatedAt = createdAt ?? Noon,
            UpdatedAt = createdAt ?? Noon,
            QueuedAt = createdAt ?? Noon,
        };

    /// <summary>A job with a non-default value in every field.</summary>
    public static JobRecord Full() => Pending(requestId: Guid.NewGuid()) with
    {
        Status = JobStatus.Failed,
        FrameStride = 5,
        MaxFrames = 7,
        Choices = Choices(),
        ReusedJobId = Guid.Parse("6ba7b810-9dad-41d1-80b4-00c04fd430c8"),
        PipelineVersion = new string('a', 64),
        DisplayName = "Straße 'north'; DROP TABLE jobs; -- \u0416 \U0001F3A5",
        Tags = new JobTags([new("camera", "north \"2\" \\ 100%_ é \U0001F3A5"), new("a-b_c", "")]),
        Fingerprint = new RequestFingerprint("sha256:ab", "yolo_ocr", 5, 7, "x\"y", Webhook: "ab"),
        VideoSha256 = new string('5', 64),
        VideoBytes = 1L << 41,
        ResultBytes = 1L << 42,
        TraceParent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        Webhook = new JobWebhook("https://hooks.example/a?key=b\"", OnStart: true, OnEnd: true),
        OutputPath = "results.json",
        HasTracks = true,
        Failure = new JobFailure(
            ErrorReason.StageFailed,
            new string('é', 100_000) + "\n\"quoted\"",
            new Dictionary<string, string> { ["node"] = "read", ["z"] = "" }),
        Priority = 9,
        Tenant = "tenant \u00e9'",
        UpdatedAt = Noon.AddTicks(10),
        QueuedAt = Noon.AddTicks(20),
        NextAttemptAt = Noon.AddHours(1),
        ForgivenAttempts = 1,
        SegmentFrames = 32,
        EndedAt = Noon.AddDays(1).AddTicks(1230),
        Lease = new Lease(Guid.NewGuid(), Noon.AddMinutes(1)),
        Attempts =
        [
            new AttemptRecord(1, Noon, Noon.AddSeconds(1), new JobFailure(ErrorReason.DecoderLost, "lost")),
            new AttemptRecord(2, Noon.AddSeconds(2), null, null)
            {
                Retryable = true,
                Devices = new DeviceList(
                    [new Device { ExecutionProvider = ExecutionProvider.Cuda, Description = "GPU" }]),
                FramesResumed = 64,
            },
        ],
        FramesTotal = 100,
        FramesDone = 99,
        Video = new VideoInfo
        {
            Width = 1,
            Height = 2,
            FrameCount = 3,
            FrameRate = 29.97,
            Codec = "h264",
            SizeBytes = 1L << 40,
        },
        Summary = new JobSummary
        {
            Frames = new FrameAccounting { Total = 3, Analyzed = 2, Skipped = 1 },
            Labels = { new LabelSummary { Label = "person", DetectionCount = 4 } },
            Texts = { new TextSummary { Text = "GATE 07", FrameCount = 2 } },
        },
        Devices = new DeviceList(
        [
            new Device { ExecutionProvider = ExecutionProvider.Cpu, Description = "CPU, 2 threads" },
            new Device { ExecutionProvider = ExecutionProvider.Cuda, Description = "GPU", FallbackReason = "none" },
        ]),
        Warnings = JobWarnings.Empty
            .With(WarningReason.FramesLost, 2)
            .With(WarningReason.TrailingBytes, 1L << 40)
            .With((WarningReason)77, 5),
        DecodeTime = TimeSpan.FromMicroseconds(1234567),
        InferenceTime = TimeSpan.FromHours(30),
    };

    /// <summary>Options with every field but the two that the record has itself.</summary>
    public static JobOptions Choices() => new()
    {
        TimeRanges =
        {
            new TimeRange { Start = new Duration { Nanos = 1_000_000 }, End = new Duration { Seconds = 2 } },
            new TimeRange { Start = new Duration { Seconds = 3 } },
        },
        FramesPerSecond = 6,
        Sampling = Sampling.Adaptive,
        Labels = { "person", "traffic light" },
        MinConfidence = 0.7f,
        Regions = { Triangle(0.25) },
        Zones = { new Zone { Id = "door", Area = Triangle(0.5) } },
        Lines = { new CountingLine { Id = "gate", Start = Point(0, 0), End = Point(1, 1d / 3) } },
    };

    /// <summary>A triangle at the upper left corner.</summary>
    public static RelativePolygon Triangle(double side) =>
        new() { Points = { Point(0, 0), Point(side, 0), Point(0, side) } };

    /// <summary>A point of a frame.</summary>
    public static RelativePoint Point(double x, double y) => new() { X = x, Y = y };

    /// <summary>All values of a record as text: records compare lists and dictionaries by reference.</summary>
    public static string Text(JobRecord? job) => job is null ? "null" : string.Join('\n',
        JsonSerializer.Serialize(
            job with
            {
                Choices = JobChoices.None,
                Video = null,
                Summary = null,
                Devices = DeviceList.Empty,
                Failure = null,
                Attempts = [],
            }),
        Text(job.Choices), Text(job.Video), Text(job.Summary), string.Join(",", job.Devices.Select(Text)),
        Text(job.Failure),
        string.Join('\n', job.Attempts.Select(attempt =>
            JsonSerializer.Serialize(attempt with { Failure = null }) + Text(attempt.Failure))));

    private static string Text(IMessage? message) => message is null ? "null" : ForegSyteJson.Formatter.Format(message);

    private static string Text(JobFailure? failure) => failure is null
        ? "null"
        : failure.Reason + failure.Message
            + JsonSerializer.Serialize(failure.Metadata.OrderBy(pair => pair.Key, StringComparer.Ordinal));
}
