using System.Diagnostics;
using System.Globalization;
using ForegSyte.CommandLine.Running;
using ForegSyte.V1;
using Google.Protobuf.WellKnownTypes;

namespace ForegSyte.CommandLine.Output;

/// <summary>Parts of a job in words.</summary>
internal static class JobFacts
{
    /// <summary>For example "768x576, 100 frames at 10 frames/s, 10 s, h264".</summary>
    public static string Video(VideoInfo video)
    {
        var rate = video.VariableFrameRate ? "variable, mean " : "";
        var rotation = video.RotationDegrees == 0
            ? ""
            : string.Create(CultureInfo.InvariantCulture, $", rotated by {video.RotationDegrees} degrees");
        var length = DurationText.Format(TimeSpan.FromMilliseconds(video.DurationMs));
        var frames = string.Create(
            CultureInfo.InvariantCulture, $"{video.FrameCount} frames at {rate}{video.FrameRate:0.##} frames/s");
        var size = string.Create(CultureInfo.InvariantCulture, $"{video.Width}x{video.Height}");
        return $"{size}, {frames}, {length}, {video.Codec}{rotation}";
    }

    /// <summary>For example "every 5th frame, at most 100".</summary>
    public static string Frames(JobOptions? options)
    {
        var stride = options?.FrameStride ?? 0;
        var every = stride <= 1
            ? "every frame"
            : string.Create(CultureInfo.InvariantCulture, $"every {OrdinalText.Of(stride)} frame");
        return options is { MaxFrames: > 0 }
            ? string.Create(CultureInfo.InvariantCulture, $"{every}, at most {options.MaxFrames}")
            : every;
    }

    /// <summary>The device, and why it is not the one that was asked for.</summary>
    public static string Device(Device device) => device.FallbackReason.Length > 0
        ? $"{device.Description} (fallen back: {device.FallbackReason})"
        : device.Description;

    /// <summary>For example "100 analyzed, 0 skipped, 2 could not be decoded".</summary>
    public static string Accounting(FrameAccounting frames)
    {
        var text = string.Create(CultureInfo.InvariantCulture, $"{frames.Analyzed} of {frames.Decoded} analyzed");
        text += frames.Skipped > 0
            ? string.Create(CultureInfo.InvariantCulture, $", {frames.Skipped} skipped by stride or limit")
            : "";
        return text + (frames.Failed > 0
            ? string.Create(CultureInfo.InvariantCulture, $", {frames.Failed} could not be decoded")
            : "");
    }

    /// <summary>For example "9.3 s (queued 120 ms, decode 2.1 s, inference 6.4 s)"; the parts may overlap.</summary>
    public static string Timings(JobTimings timings)
    {
        var parts = string.Join(", ", new[]
        {
            ("queued", timings.Queued), ("decode", timings.Decode), ("inference", timings.Inference),
        }
        .Where(part => part.Item2 is not null)
        .Select(part => $"{part.Item1} {DurationText.Format(part.Item2.ToTimeSpan())}"));
        var total = timings.Total is null ? "" : DurationText.Format(timings.Total.ToTimeSpan());
        return parts.Length == 0 ? total : total.Length == 0 ? parts : $"{total} ({parts})";
    }

    /// <summary>Analyzed frames a second from the claim to the end; null where a time is missing.</summary>
    public static double? FramesPerSecond(Job job)
    {
        if (job.Timings?.Total is null || job.Summary?.Frames is null)
        {
            return null;
        }

        var worked = job.Timings.Total.ToTimeSpan() - (job.Timings.Queued?.ToTimeSpan() ?? TimeSpan.Zero);
        return worked > TimeSpan.Zero ? job.Summary.Frames.Analyzed / worked.TotalSeconds : null;
    }

    /// <summary>The id under which a trace viewer finds the job; empty where it is not traced.</summary>
    public static string TraceId(Job job) =>
        ActivityContext.TryParse(job.TraceParent, traceState: null, out var submission)
            ? submission.TraceId.ToHexString()
            : "";

    /// <summary>A time in UTC, for example "2026-01-31 12:00:00Z".</summary>
    public static string Time(Timestamp? time) =>
        time?.ToDateTimeOffset().ToString("yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture) ?? "";
}
