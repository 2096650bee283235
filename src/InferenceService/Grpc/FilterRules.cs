using System.Globalization;
using ForegSyte.Hosting.Errors;
using ForegSyte.Inference.Pipelines;
using ForegSyte.Inference.Stages;
using ForegSyte.Inference.V1;
using ForegSyte.Protocol.Regions;
using ForegSyte.Protocol.Text;
using ForegSyte.V1;
using ForegSyte.Video;
using Google.Protobuf.WellKnownTypes;

namespace ForegSyte.Inference.Grpc;

/// <summary>Checks the filter of RunPipeline.</summary>
internal static class FilterRules
{
    /// <summary>Maximum number of labels.</summary>
    public const int MaxLabels = 100;

    /// <summary>Maximum number of regions.</summary>
    public const int MaxRegions = 20;

    /// <summary>The filter that a request asks for.</summary>
    /// <param name="filter">Field of the request; null for everything.</param>
    /// <param name="pipeline">The pipeline of the request.</param>
    /// <exception cref="ServiceException">INVALID_FIELD.</exception>
    public static FrameFilter Check(ResultFilter? filter, CompiledPipeline pipeline)
    {
        if (filter is null)
        {
            return FrameFilter.All;
        }

        if (filter.Labels.Count > MaxLabels)
        {
            throw ServiceException.InvalidField(
                "filter.labels", $"filter.labels must have at most {MaxLabels} entries.", filter.Labels.Count);
        }

        foreach (var (index, label) in filter.Labels.Index().Where(pair => !pipeline.Labels.Contains(pair.Item)))
        {
            throw ServiceException.InvalidField($"filter.labels[{index}]", UnknownLabel(label, pipeline), label);
        }

        if (filter.MinConfidence is not (>= 0 and <= 1))
        {
            throw ServiceException.InvalidField(
                "filter.min_confidence", "filter.min_confidence must be 0 to 1.", filter.MinConfidence);
        }

        if (filter.Regions.Count > MaxRegions)
        {
            throw ServiceException.InvalidField(
                "filter.regions", $"filter.regions must have at most {MaxRegions} entries.", filter.Regions.Count);
        }

        foreach (var (index, region) in filter.Regions.Index())
        {
            if (RelativePolygons.MistakeIn(region) is var (field, problem))
            {
                var path = string.Create(CultureInfo.InvariantCulture, $"filter.regions[{index}].{field}");
                throw ServiceException.InvalidField(path, $"{path} {problem}.");
            }
        }

        return new FrameFilter(filter.Labels, filter.MinConfidence, [.. filter.Regions]);
    }

    private static string UnknownLabel(string label, CompiledPipeline pipeline) => pipeline.Labels.Count == 0
        ? $"The pipeline '{pipeline.Definition.Id}' detects no objects, so it has no labels."
        : $"The pipeline '{pipeline.Definition.Id}' has no label '{ServiceException.Shorten(label)}'."
            + NearestNames.Question(label, pipeline.Labels) + " ListPipelines returns its labels.";
}

/// <summary>Checks the time ranges of ProbeVideo and finds their frames.</summary>
internal static class TimeRanges
{
    /// <summary>Maximum number of time ranges.</summary>
    public const int MaxRanges = 100;

    /// <summary>Checks the ranges of a request.</summary>
    /// <exception cref="ServiceException">INVALID_FIELD.</exception>
    public static void Check(IReadOnlyList<TimeRange> ranges)
    {
        if (ranges.Count > MaxRanges)
        {
            throw ServiceException.InvalidField(
                "time_ranges", $"time_ranges must have at most {MaxRanges} entries.", ranges.Count);
        }

        foreach (var (index, range) in ranges.Index())
        {
            var path = string.Create(CultureInfo.InvariantCulture, $"time_ranges[{index}]");
            CheckTime($"{path}.start", range.Start);
            CheckTime($"{path}.end", range.End);
            if (range.End is not null && Nanoseconds(range.End) <= Nanoseconds(range.Start))
            {
                throw ServiceException.InvalidField($"{path}.end", $"{path}.end must be after its start.");
            }
        }
    }

    /// <summary>
    /// The frames whose timestamp in milliseconds, as in results, is in a range. A range without frames has equal
    /// start_frame and end_frame.
    /// </summary>
    /// <param name="index">The frames of the video.</param>
    /// <param name="range">A valid range.</param>
    public static FrameRange FramesOf(VideoIndex index, TimeRange range) => new()
    {
        StartFrame = FirstAtOrAfter(index, Nanoseconds(range.Start)),
        EndFrame = range.End is null ? index.FrameCount : FirstAtOrAfter(index, Nanoseconds(range.End)),
    };

    private static void CheckTime(string path, Duration? time)
    {
        // The same limits as those of the type itself.
        const long maxSeconds = 315_576_000_000;
        const int maxNanos = 999_999_999;
        if (time is not (null or { Seconds: >= 0 and <= maxSeconds, Nanos: >= 0 and <= maxNanos }))
        {
            throw ServiceException.InvalidField(path, $"{path} must be a duration of 0 or more.");
        }
    }

    /// <summary>A time in nanoseconds.</summary>
    private static Int128 Nanoseconds(Duration? time) =>
        time is null ? 0 : ((Int128)time.Seconds * 1_000_000_000) + time.Nanos;

    private static int FirstAtOrAfter(VideoIndex index, Int128 nanoseconds)
    {
        int low = 0, high = index.FrameCount;
        while (low < high)
        {
            var middle = (low + high) / 2;
            (low, high) = (Int128)index.TimestampMs(middle) * 1_000_000 < nanoseconds
                ? (middle + 1, high)
                : (low, middle);
        }

        return low;
    }
}
