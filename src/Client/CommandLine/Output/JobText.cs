using System.Diagnostics;
using System.Globalization;
using ForegSyte.Protocol.Errors;
using ForegSyte.Protocol.Text;
using ForegSyte.V1;
using Google.Protobuf.WellKnownTypes;

namespace ForegSyte.CommandLine.Output;

/// <summary>Fields of a job as text.</summary>
internal static class JobText
{
    /// <summary>The status in lower case.</summary>
    public static string Status(JobStatus status) => status.ToString().ToLowerInvariant();

    /// <summary>The reason and the message of a failed job; empty for any other.</summary>
    public static string Error(Job job) => Error(job.Error, job.ErrorMessage);

    /// <summary>The reason and the message of a failed attempt; empty for any other.</summary>
    public static string Error(Attempt attempt) => Error(attempt.Error, attempt.ErrorMessage);

    private static string Error(Google.Rpc.Status? error, string message) =>
        ErrorStatus.InfoOf(error) is { Reason.Length: > 0 } info ? $"{info.Reason}: {message}" : message;

    /// <summary>For example "768x576, 100 frames at 10 frames/s, 10 s, h264".</summary>
    public static string Video(VideoInfo video)
    {
        var rate = video.VariableFrameRate ? "variable, mean " : "";
        var details = video.RotationDegrees == 0
            ? ""
            : string.Create(CultureInfo.InvariantCulture, $", rotated by {video.RotationDegrees} degrees");
        details += video.Mirrored ? ", mirrored" : "";
        details += video.PixelAspectRatio is { } pixel && pixel.Width != pixel.Height
            ? string.Create(CultureInfo.InvariantCulture, $", pixels of {pixel.Width}:{pixel.Height}")
            : "";
        details += video.StartTime?.ToTimeSpan() is { Ticks: > 0 } start
            ? $", begins after {DurationText.Approximate(start)}"
            : "";
        var hdr = video.ColorTransfer switch
        {
            "smpte2084" => ", HDR (PQ)",
            "arib-std-b67" => ", HDR (HLG)",
            _ => "",
        };
        var length = DurationText.Approximate(video.Duration?.ToTimeSpan() ?? TimeSpan.Zero);
        var frames = string.Create(
            CultureInfo.InvariantCulture,
            $"{PluralText.Of(video.FrameCount, "frame")} at {rate}{video.FrameRate:0.##} frames/s");
        var size = string.Create(CultureInfo.InvariantCulture, $"{video.Width}x{video.Height}");
        return $"{size}, {frames}, {length}, {video.Codec}{hdr}{details}";
    }

    /// <summary>Stride between the analyzed frames: with frames per second as the server computes it; at least 1.
    /// </summary>
    public static int StrideOf(Job job) => job.Options switch
    {
        { FramesPerSecond: > 0 } options => (int)Math.Clamp(
            Math.Round((job.Video?.FrameRate ?? 0) / options.FramesPerSecond, MidpointRounding.AwayFromZero),
            1, int.MaxValue),
        var options => Math.Max(1, options?.FrameStride ?? 0),
    };

    /// <summary>For example "every 5th frame, at most 100", or "every frame, adaptive".</summary>
    public static string Frames(JobOptions? options)
    {
        var stride = options?.FrameStride ?? 0;
        var every = options is { FramesPerSecond: > 0 }
            ? string.Create(CultureInfo.InvariantCulture, $"about {options.FramesPerSecond:0.###} frames/s")
            : stride <= 1
                ? "every frame"
                : string.Create(CultureInfo.InvariantCulture, $"every {OrdinalText.Of(stride)} frame");
        every += options is { MaxFrames: > 0 }
            ? string.Create(CultureInfo.InvariantCulture, $", at most {options.MaxFrames}")
            : "";
        return every + (options is { Sampling: Sampling.Adaptive } ? ", adaptive" : "");
    }

    /// <summary>For example "10s to 20s, 1m 30s to the end"; empty for the whole video.</summary>
    public static string Parts(JobOptions? options) => string.Join(
        ", ",
        (options?.TimeRanges ?? []).Select(range =>
            $"{Seconds(range.Start)} to {(range.End is null ? "the end" : Seconds(range.End))}"));

    /// <summary>For example "person, car; confidence from 0.5; in 2 regions"; empty for all findings.</summary>
    public static string Wanted(JobOptions? options) => string.Join(
        "; ",
        new[]
        {
            string.Join(", ", options?.Labels ?? []),
            options is { MinConfidence: > 0 }
                ? string.Create(CultureInfo.InvariantCulture, $"confidence from {options.MinConfidence}")
                : "",
            options is { Regions.Count: > 0 }
                ? $"in {PluralText.Of(options.Regions.Count, "region")}"
                : "",
        }.Where(text => text.Length > 0));

    /// <summary>For example "camera=north, site=a", ordered by key.</summary>
    public static string Tags(Job job) => string.Join(
        ", ",
        job.Tags.OrderBy(tag => tag.Key, StringComparer.Ordinal).Select(tag => $"{tag.Key}={tag.Value}"));

    /// <summary>The devices, each with the reason for its fallback.</summary>
    public static string Devices(IEnumerable<Device> devices) => string.Join(
        "; ",
        devices.Select(device => device.FallbackReason.Length > 0
            ? $"{device.Description} (fallback: {device.FallbackReason})"
            : device.Description));

    /// <summary>For example "100 of 102 analyzed, 5 of them damaged, 2 could not be decoded".</summary>
    public static string Accounting(FrameAccounting frames)
    {
        var text = string.Create(CultureInfo.InvariantCulture, $"{frames.Analyzed} of {frames.Total} analyzed");
        text += frames.Damaged > 0
            ? string.Create(CultureInfo.InvariantCulture, $", {frames.Damaged} of them damaged")
            : "";
        text += frames.Interpolated > 0
            ? string.Create(CultureInfo.InvariantCulture, $", {frames.Interpolated} of them interpolated")
            : "";
        text += frames.Skipped > 0
            ? string.Create(CultureInfo.InvariantCulture, $", {frames.Skipped} skipped by the options")
            : "";
        return text + (frames.Failed > 0
            ? string.Create(CultureInfo.InvariantCulture, $", {frames.Failed} could not be decoded")
            : "");
    }

    /// <summary>
    /// For example "9.4s: 120ms queued, 9.3s at work (decode 2.1s and inference 8.4s, which overlap)". The first two
    /// add up; segments and stages run beside each other.
    /// </summary>
    public static string Timings(JobTimings timings)
    {
        var stages = string.Join(
            " and ",
            new[] { ("decode", timings.Decode), ("inference", timings.Inference) }
                .Where(stage => stage.Item2?.ToTimeSpan() > TimeSpan.Zero)
                .Select(stage => $"{stage.Item1} {Text(stage.Item2)}"));
        stages += stages.Contains(" and ", StringComparison.Ordinal) ? ", which overlap" : "";
        if (timings.Total is null)
        {
            return string.Join(
                ", ",
                new[] { timings.Queued is null ? "" : $"{Text(timings.Queued)} queued", stages }
                    .Where(part => part.Length > 0));
        }

        var work = timings.Total.ToTimeSpan() - (timings.Queued?.ToTimeSpan() ?? TimeSpan.Zero);
        var atWork = timings.Queued is null
            ? ""
            : $": {Text(timings.Queued)} queued, {DurationText.Approximate(work)} at work";
        return $"{Text(timings.Total)}{atWork}{(stages.Length > 0 ? $" ({stages})" : "")}";

        static string Text(Duration time) => DurationText.Approximate(time.ToTimeSpan());
    }

    /// <summary>Analyzed frames per second from the claim to the end; null if a time is missing.</summary>
    public static double? FramesPerSecond(Job job)
    {
        if (job.Timings?.Total is null || job.Summary?.Frames is null)
        {
            return null;
        }

        var worked = job.Timings.Total.ToTimeSpan() - (job.Timings.Queued?.ToTimeSpan() ?? TimeSpan.Zero);
        return worked > TimeSpan.Zero ? job.Summary.Frames.Analyzed / worked.TotalSeconds : null;
    }

    /// <summary>The trace id of the job; empty if it has no trace.</summary>
    public static string TraceId(Job job) =>
        ActivityContext.TryParse(job.TraceParent, traceState: null, out var submission)
            ? submission.TraceId.ToHexString()
            : "";

    /// <summary>A time in UTC, for example "2026-01-31 12:00:00Z".</summary>
    public static string Time(Timestamp? time) =>
        time?.ToDateTimeOffset().ToString("yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture) ?? "";

    private static string Seconds(Duration? time) => DurationText.Format(time?.ToTimeSpan() ?? TimeSpan.Zero);
}

/// <summary>The reason why a job is waiting, as text.</summary>
internal static class WaitText
{
    /// <summary>
    /// For example "3rd in the queue", "next attempt in 12 s" or "no InferenceService is serving"; empty for a job that
    /// is not waiting and for a reason that this version does not know.
    /// </summary>
    /// <param name="job">The job.</param>
    /// <param name="now">Current time, assumed to equal the server's.</param>
    public static string Of(Job job, DateTimeOffset now) => job.QueueState?.Reason switch
    {
        WaitReason.Queued => Position(job.QueueState),
        WaitReason.BackOff => NextAttempt(job.QueueState, now),
        WaitReason.NoInferenceService when job.QueueState.Position > 0 =>
            $"no InferenceService is serving, {Position(job.QueueState)}",
        WaitReason.NoInferenceService => "no InferenceService is serving",
        WaitReason.Draining => "the server is draining; the job runs after undrain or a restart",
        WaitReason.StorageUnreadable =>
            "no InferenceService can read the stored video; 'foregsyte diagnose' says why",
        _ => "",
    };

    private static string Position(QueueState state) =>
        state.Position > 0 ? $"{OrdinalText.Of(state.Position)} in the queue" : "in the queue";

    private static string NextAttempt(QueueState state, DateTimeOffset now)
    {
        if (state.NextAttemptAt is null)
        {
            return "another attempt follows";
        }

        var left = state.NextAttemptAt.ToDateTimeOffset() - now;
        return left > TimeSpan.Zero
            ? $"next attempt in {DurationText.Approximate(TimeSpan.FromSeconds(Math.Ceiling(left.TotalSeconds)))}"
            : "next attempt now";
    }
}
