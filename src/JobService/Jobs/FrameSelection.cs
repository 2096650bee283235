using System.Globalization;
using ForegSyte.Inference.V1;
using ForegSyte.Protocol.Text;
using ForegSyte.V1;

namespace ForegSyte.Jobs;

/// <summary>A half-open range of frames, not empty.</summary>
/// <param name="Start">Index of the first frame.</param>
/// <param name="End">Index after the last frame.</param>
internal readonly record struct FrameSpan(int Start, int End);

/// <summary>
/// The frames that a job analyzes: the multiples of its stride in the wanted parts of its video. Pure.
/// </summary>
internal sealed class FrameSelection
{
    /// <summary>Selects frames of parts of a video.</summary>
    /// <param name="frameCount">Frames of the video, more than 0.</param>
    /// <param name="parts">The wanted parts, ascending and without overlap; at least one.</param>
    /// <param name="stride">The job analyzes every n-th frame of the video; 1 or more.</param>
    public FrameSelection(int frameCount, IReadOnlyList<FrameSpan> parts, int stride)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(frameCount, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(stride, 1);
        ArgumentOutOfRangeException.ThrowIfZero(parts.Count);
        FrameCount = frameCount;
        Parts = Join(parts);
        Stride = stride;
    }

    /// <summary>Frames of the video.</summary>
    public int FrameCount { get; }

    /// <summary>The wanted parts, ascending, with frames between them.</summary>
    public IReadOnlyList<FrameSpan> Parts { get; }

    /// <summary>The job analyzes every n-th frame of the video.</summary>
    public int Stride { get; }

    /// <summary>Segments inside of a part begin at multiples of this; 0 for anywhere.</summary>
    public int CutInterval { get; init; }

    /// <summary>Index after the last part.</summary>
    public int EndFrame => Parts[^1].End;

    /// <summary>Selects frames of a whole video.</summary>
    public static FrameSelection OfWhole(int frameCount, int stride) =>
        new(frameCount, [new FrameSpan(0, frameCount)], stride);

    /// <summary>
    /// Selects the frames of a job. frames_per_second becomes a stride at the first plan, and later attempts keep it.
    /// </summary>
    /// <param name="job">The job.</param>
    /// <param name="probe">Its video, with a frame range for each time range of the job.</param>
    /// <param name="failure">Why the job cannot run, if the result is null.</param>
    public static FrameSelection? Of(JobRecord job, ProbeVideoResponse probe, out JobFailure? failure)
    {
        var stride = job.Choices.FramesPerSecond > 0 && job.SegmentFrames == 0
            ? JobChoices.StrideFor(job.Choices.FramesPerSecond, probe.Video.FrameRate)
            : job.FrameStride;
        var cutInterval = LookIntervals.Of(job.Choices, stride, probe.Video.FrameRate)?.Interval ?? 0;
        failure = null;
        if (job.Choices.TimeRanges.Count == 0)
        {
            return new(probe.Video.FrameCount, [new FrameSpan(0, probe.Video.FrameCount)], stride)
            {
                CutInterval = cutInterval,
            };
        }

        failure = DefectOf(job, probe) ?? RangeWithoutFrames(job, probe);
        if (failure is not null)
        {
            return null;
        }

        var selection = new FrameSelection(
            probe.Video.FrameCount,
            [.. probe.FrameRanges.Select(range => new FrameSpan(range.StartFrame, range.EndFrame))],
            stride)
        {
            CutInterval = cutInterval,
        };
        failure = selection.Count(0, selection.EndFrame) > 0
            ? null
            : new JobFailure(
                ErrorReason.InvalidFrameRange,
                Text($"options.time_ranges contain no frame whose index is a multiple of the stride {stride}. Submit ")
                + "the video with longer ranges or with a smaller frame_stride.");
        return failure is null ? selection : null;
    }

    /// <summary>Number of selected frames in a half-open range.</summary>
    public int Count(int start, int end) => Parts.Sum(
        part => SegmentPlan.FramesWithin(Math.Max(start, part.Start), Math.Min(end, part.End), Stride));

    /// <summary>
    /// Index after the last of so many selected frames from a frame on; <see cref="EndFrame"/> if there are fewer.
    /// </summary>
    /// <param name="start">The first frame to look at.</param>
    /// <param name="frames">Number of selected frames, more than 0.</param>
    public int EndOf(int start, int frames)
    {
        long left = frames;
        foreach (var part in Parts)
        {
            var from = Math.Max(start, part.Start);
            var count = SegmentPlan.FramesWithin(from, part.End, Stride);
            if (count >= left)
            {
                var first = ((long)from + Stride - 1) / Stride * Stride;
                return (int)(first + ((left - 1) * Stride) + 1);
            }

            left -= count;
        }

        return EndFrame;
    }

    /// <summary>Whether a segment is as plans have it: inside of one part, or a gap outside of all.</summary>
    public bool Fits(Segment segment) => segment.IsGap
        ? Parts.All(part => part.End <= segment.StartFrame || part.Start >= segment.EndFrame)
        : Parts.Any(part => part.Start <= segment.StartFrame && segment.EndFrame <= part.End);

    private static List<FrameSpan> Join(IReadOnlyList<FrameSpan> parts)
    {
        var joined = new List<FrameSpan>();
        foreach (var part in parts)
        {
            if (joined is [.., var last] && last.End == part.Start)
            {
                joined[^1] = last with { End = part.End };
            }
            else
            {
                joined.Add(part);
            }
        }

        return joined;
    }

    private static JobFailure? DefectOf(JobRecord job, ProbeVideoResponse probe)
    {
        var isComplete = probe.FrameRanges.Count == job.Choices.TimeRanges.Count;
        var end = 0;
        foreach (var range in probe.FrameRanges.Where(range => range.StartFrame < range.EndFrame))
        {
            isComplete &= range.StartFrame >= end && range.EndFrame <= probe.Video.FrameCount;
            end = range.EndFrame;
        }

        return isComplete
            ? null
            : new JobFailure(
                ErrorReason.Internal,
                Text($"The response to ProbeVideo for {job.Choices.TimeRanges.Count} time ranges is wrong: ")
                + Text($"{probe.FrameRanges.Count} frame ranges, which must be ascending and inside of the ")
                + Text($"{probe.Video.FrameCount} frames. The InferenceService has a defect, or it is older than the ")
                + "JobService: update it, then call RetryJob.");
    }

    private static JobFailure? RangeWithoutFrames(JobRecord job, ProbeVideoResponse probe)
    {
        var index = probe.FrameRanges.ToList().FindIndex(range => range.StartFrame >= range.EndFrame);
        if (index < 0)
        {
            return null;
        }

        var range = job.Choices.TimeRanges[index];
        var from = Seconds(range.Start?.ToTimeSpan() ?? TimeSpan.Zero);
        var to = range.End is null ? "the end" : Seconds(range.End.ToTimeSpan());
        var duration = Seconds(probe.Video.Duration?.ToTimeSpan() ?? TimeSpan.Zero);
        return new JobFailure(
            ErrorReason.InvalidFrameRange,
            Text($"options.time_ranges[{index}], from {from} to {to}, has no frames: the video lasts {duration} and ")
            + Text($"has {PluralText.Of(probe.Video.FrameCount, "frame")}. Submit it with ranges inside of the video."),
            new Dictionary<string, string>
            {
                ["field"] = Text($"options.time_ranges[{index}]"),
                ["duration"] = duration,
            });
    }

    private static string Seconds(TimeSpan time) => DurationText.Format(time);

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
