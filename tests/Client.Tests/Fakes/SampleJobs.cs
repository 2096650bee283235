using ForegSyte.Protocol.Errors;
using ForegSyte.V1;
using Google.Protobuf.WellKnownTypes;

namespace ForegSyte.Client.Tests.Fakes;

/// <summary>Jobs and results in the form in which a JobService sends them.</summary>
public static class SampleJobs
{
    public const string Id = "3f0c1c6e-6f3a-4f0e-9a52-0d4d1f1a2b3c";

    public static Job Pending() => new()
    {
        JobId = Id,
        Status = JobStatus.Pending,
        PipelineId = "yolo_ocr",
        DisplayName = "pedestrians.mp4",
        Etag = "pending",
        Options = new JobOptions { FrameStride = 1 },
        CreatedAt = Timestamp.FromDateTimeOffset(new DateTimeOffset(2026, 1, 31, 12, 0, 0, TimeSpan.Zero)),
    };

    public static Job Waiting(QueueState state)
    {
        var job = Pending();
        job.Priority = 7;
        job.QueueState = state;
        return job;
    }

    public static Job Queued(int position) =>
        Waiting(new QueueState { Reason = WaitReason.Queued, Position = position });

    public static Job Running(int done, int total = 100)
    {
        var job = Pending();
        job.Status = JobStatus.Running;
        job.Etag = $"running {done}";
        job.Progress = new JobProgress { FramesDone = done, FramesTotal = total, Fraction = (float)done / total };
        return job;
    }

    public static Job Completed()
    {
        var job = Running(100);
        job.Status = JobStatus.Completed;
        job.Etag = "completed";
        job.Video = new VideoInfo
        {
            Width = 768,
            Height = 576,
            FrameCount = 100,
            FrameRate = 10,
            Duration = Duration.FromTimeSpan(TimeSpan.FromSeconds(10)),
            Codec = "h264",
        };
        job.Devices.Add(new Device
        {
            ExecutionProvider = ExecutionProvider.Cpu,
            Description = "CPU, 2 threads",
            FallbackReason = "CUDA execution provider is not enabled in this build",
        });
        job.Timings = new JobTimings
        {
            Queued = Duration.FromTimeSpan(TimeSpan.FromMilliseconds(120)),
            Decode = Duration.FromTimeSpan(TimeSpan.FromSeconds(1.2)),
            Inference = Duration.FromTimeSpan(TimeSpan.FromSeconds(3.9)),
            Total = Duration.FromTimeSpan(TimeSpan.FromSeconds(4.12)),
        };
        job.Summary = new JobSummary { Frames = new FrameAccounting { Total = 100, Analyzed = 100 } };
        job.Summary.Labels.Add(new LabelSummary { Label = "person", DetectionCount = 461 });
        job.Summary.Labels.Add(new LabelSummary { Label = "car", DetectionCount = 97 });
        job.Summary.Labels.Add(new LabelSummary { Label = "truck", DetectionCount = 54 });
        job.Summary.Texts.Add(new TextSummary { Text = "GATE 07 NORTH", FrameCount = 100 });
        return job;
    }

    /// <summary>A completed job with a defective video, and a warning of a later version.</summary>
    public static Job Warned()
    {
        var job = Completed();
        job.Summary.Frames = new FrameAccounting { Total = 100, Analyzed = 80, Damaged = 5, Skipped = 8, Failed = 12 };
        job.Video.ColorTransfer = "smpte2084";
        job.Video.Mirrored = true;
        job.Video.StartTime = Duration.FromTimeSpan(TimeSpan.FromMilliseconds(500));
        job.Video.PixelAspectRatio = new PixelAspectRatio { Width = 4, Height = 3 };
        job.Warnings.Add(new Warning
        {
            Reason = WarningReason.FramesLost,
            Count = 12,
            Message = "12 frames could not be decoded.",
        });
        job.Warnings.Add(new Warning
        {
            Reason = WarningReason.TrailingBytes,
            Count = 2,
            Message = "2 bytes follow the last box.",
        });
        job.Warnings.Add(new Warning { Reason = (WarningReason)99, Count = 1, Message = "New." });
        return job;
    }

    public static Job Failed()
    {
        var job = Running(40);
        job.Status = JobStatus.Failed;
        job.Etag = "failed";
        job.ErrorMessage = "Frame 40 could not be decoded.";
        job.Error = Error(ErrorReason.UndecodableVideo, job.ErrorMessage);
        return job;
    }

    public static Job Cancelled()
    {
        var job = Running(40);
        job.Status = JobStatus.Cancelled;
        job.Etag = "cancelled";
        return job;
    }

    /// <summary>A job that resumed after its first attempt lost the InferenceService.</summary>
    public static Job Resumed()
    {
        var job = Running(60);
        var start = job.CreatedAt.ToDateTimeOffset();
        job.Attempts.Add(new Attempt
        {
            Number = 1,
            StartedAt = Timestamp.FromDateTimeOffset(start),
            EndedAt = Timestamp.FromDateTimeOffset(start.AddSeconds(9)),
            Error = Error(ErrorReason.InferenceUnavailable, "The InferenceService went away."),
            ErrorMessage = "The InferenceService went away.",
            Retryable = true,
            Devices = { new Device { Description = "CUDA device 0" } },
        });
        job.Attempts.Add(new Attempt
        {
            Number = 2,
            StartedAt = Timestamp.FromDateTimeOffset(start.AddSeconds(12)),
            FramesResumed = 45,
            Devices = { new Device { Description = "CPU, 2 threads" } },
        });
        return job;
    }

    /// <summary>A person who walks to the right, a parked car, and the caption of the sample clip.</summary>
    public static FrameResult Frame(int index) => new()
    {
        FrameIndex = index,
        FrameTimestampMs = (uint)index * 100,
        Result = new PipelineResult
        {
            Detections =
            {
                Found("person", 0.91f, 200 + (index * 2), 200, 60, 160),
                Found("car", 0.74f, 600, 40, 120, 70),
            },
            TextRegions =
            {
                new TextRegion
                {
                    Text = "GATE 07 NORTH",
                    Confidence = 0.97f,
                    Polygon = { Corner(14, 14), Corner(226, 14), Corner(226, 42), Corner(14, 42) },
                },
            },
            Text = "GATE 07 NORTH",
        },
    };

    public static Detection Found(string label, float confidence, float x, float y, float width, float height) => new()
    {
        Label = label,
        Confidence = confidence,
        Box = new BoundingBox { X = x, Y = y, Width = width, Height = height },
    };

    public static Google.Rpc.Status Error(ErrorReason reason, string message) =>
        ErrorStatus.Create(reason, message, new Dictionary<string, string>());

    public static WaitJobResponse Changed(Job job) => new() { Job = job };

    private static Point Corner(float x, float y) => new() { X = x, Y = y };
}
