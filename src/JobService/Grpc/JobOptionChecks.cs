using System.Globalization;
using System.Text.RegularExpressions;
using ForegSyte.Hosting.Errors;
using ForegSyte.Protocol.Regions;
using ForegSyte.Protocol.Text;
using ForegSyte.V1;
using Google.Protobuf.Collections;
using Google.Protobuf.WellKnownTypes;

namespace ForegSyte.Jobs.Grpc;

/// <summary>Validates JobOptions. Pure. An invalid field is a ServiceException that names it.</summary>
internal static partial class JobOptionChecks
{
    /// <summary>Maximum number of time ranges.</summary>
    public const int MaxTimeRanges = 100;

    /// <summary>Maximum frames_per_second.</summary>
    public const int MaxFramesPerSecond = 1_000;

    /// <summary>Maximum number of labels.</summary>
    public const int MaxLabels = 100;

    /// <summary>Maximum number of regions, of zones and of lines.</summary>
    public const int MaxShapes = 20;

    /// <summary>Maximum length of the id of a zone or line in characters.</summary>
    public const int MaxIdLength = 63;

    /// <summary>
    /// Minimum difference of x or y between the ends of a line, a hundredth of a pixel in a frame of 10,000: a shorter
    /// line has no direction.
    /// </summary>
    private const double MinLineExtent = 1e-6;

    private const string Field = "options";

    /// <summary>Checks options and returns them in their stored form; a stride of 0 becomes 1.</summary>
    /// <param name="options">The options; null for none.</param>
    /// <param name="pipeline">The pipeline; without a version, its labels are unknown too and are not checked here.
    /// </param>
    /// <exception cref="ServiceException">INVALID_FIELD.</exception>
    public static (int FrameStride, int MaxFrames, JobOptions Choices) Parse(JobOptions? options, Pipeline pipeline)
    {
        if (options is null)
        {
            return (1, 0, JobChoices.None);
        }

        CheckFrames(options);
        CheckTimeRanges(options.TimeRanges);
        CheckLabels(options.Labels, pipeline.Id, pipeline.Version.Length > 0 ? pipeline.Labels : null);
        if (options.MinConfidence is not (>= 0 and <= 1))
        {
            throw Invalid($"{Field}.min_confidence", "must be 0 to 1", options.MinConfidence);
        }

        CheckShapes(options);
        CheckTracking(options, pipeline);
        CheckSampling(options.Sampling, pipeline);
        return (Math.Max(1, options.FrameStride), options.MaxFrames, JobChoices.Of(options));
    }

    private static void CheckFrames(JobOptions options)
    {
        if (options.FrameStride is < 0 or > JobChoices.MaxFrameStride)
        {
            throw Invalid(
                $"{Field}.frame_stride", Text($"must be 0 to {JobChoices.MaxFrameStride}; 0 means every frame"),
                options.FrameStride);
        }

        if (options.MaxFrames < 0)
        {
            throw Invalid($"{Field}.max_frames", "must be 0 (no limit) or more", options.MaxFrames);
        }

        if (options.FramesPerSecond is not (>= 0 and <= MaxFramesPerSecond))
        {
            throw Invalid(
                $"{Field}.frames_per_second", Text($"must be 0 (not set) to {MaxFramesPerSecond}"),
                options.FramesPerSecond);
        }

        if (options is { FramesPerSecond: > 0, FrameStride: > 0 })
        {
            throw Invalid(
                $"{Field}.frames_per_second", "cannot be together with frame_stride. Send one of them",
                options.FramesPerSecond);
        }
    }

    private static void CheckTimeRanges(RepeatedField<TimeRange> ranges)
    {
        const string Name = $"{Field}.time_ranges";
        CheckCount(Name, ranges.Count, MaxTimeRanges);
        var earliest = TimeSpan.Zero;
        for (var i = 0; i < ranges.Count; i++)
        {
            var name = At(Name, i);
            var start = TimeOf($"{name}.start", ranges[i].Start) ?? TimeSpan.Zero;
            if (start < earliest)
            {
                throw Invalid(
                    $"{name}.start",
                    "must not be before the end of the range before it. Send the ranges in ascending order and join "
                    + "those that overlap",
                    ranges[i].Start);
            }

            if (TimeOf($"{name}.end", ranges[i].End) is { } end)
            {
                earliest = end > start
                    ? end
                    : throw Invalid($"{name}.end", "must be after the start of the range", ranges[i].End);
            }
            else if (i < ranges.Count - 1)
            {
                throw Invalid($"{name}.end", "is required: only the last range can go to the end of the video");
            }
        }
    }

    /// <summary>A time from the start of the video; null if it is not set.</summary>
    private static TimeSpan? TimeOf(string field, Duration? value)
    {
        if (value is null)
        {
            return null;
        }

        // JSON and protobuf carry up to 10,000 years and nanoseconds; a TimeSpan has steps of 100 ns.
        return value.Seconds is >= 0 and <= Duration.MaxSeconds && value.Nanos is >= 0 and <= 999_999_999
            ? value.ToTimeSpan()
            : throw Invalid(field, "must be 0 or more seconds, with nanos from 0 to 999999999", value);
    }

    private static void CheckLabels(
        RepeatedField<string> wanted, string pipelineId, IReadOnlyCollection<string>? labels)
    {
        const string Name = $"{Field}.labels";
        CheckCount(Name, wanted.Count, MaxLabels);
        var seen = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < wanted.Count; i++)
        {
            if (labels is { Count: 0 })
            {
                throw Invalid(At(Name, i), $"cannot be set: the pipeline {pipelineId} detects no objects", wanted[i]);
            }

            if (wanted[i].Length == 0 || labels?.Contains(wanted[i], StringComparer.Ordinal) == false)
            {
                throw Invalid(At(Name, i), UnknownLabel(wanted[i], pipelineId, labels ?? []), wanted[i]);
            }

            if (!seen.Add(wanted[i]))
            {
                throw Invalid(At(Name, i), $"repeats the label \"{wanted[i]}\". Send each label once", wanted[i]);
            }
        }
    }

    private static string UnknownLabel(string label, string pipelineId, IReadOnlyCollection<string> labels)
    {
        var question = NearestNames.Question(label, labels);
        return $"must be a label of the pipeline {pipelineId}."
            + (question.Length > 0 ? question : " ListPipelines has its labels");
    }

    private static void CheckShapes(JobOptions options)
    {
        CheckCount($"{Field}.regions", options.Regions.Count, MaxShapes);
        for (var i = 0; i < options.Regions.Count; i++)
        {
            CheckPolygon(At($"{Field}.regions", i), options.Regions[i]);
        }

        var ids = new HashSet<string>(StringComparer.Ordinal);
        CheckCount($"{Field}.zones", options.Zones.Count, MaxShapes);
        for (var i = 0; i < options.Zones.Count; i++)
        {
            var name = At($"{Field}.zones", i);
            CheckId($"{name}.id", options.Zones[i].Id, ids);
            CheckPolygon($"{name}.area", options.Zones[i].Area);
        }

        CheckCount($"{Field}.lines", options.Lines.Count, MaxShapes);
        for (var i = 0; i < options.Lines.Count; i++)
        {
            var name = At($"{Field}.lines", i);
            var line = options.Lines[i];
            CheckId($"{name}.id", line.Id, ids);
            CheckPoint($"{name}.start", line.Start);
            CheckPoint($"{name}.end", line.End);
            if (Math.Abs(line.End.X - line.Start.X) < MinLineExtent
                && Math.Abs(line.End.Y - line.Start.Y) < MinLineExtent)
            {
                throw Invalid(
                    $"{name}.end", "must differ from the start of the line by at least 0.000001 in x or y", line.End);
            }
        }
    }

    private static void CheckTracking(JobOptions options, Pipeline pipeline)
    {
        if (options.Zones.Count + options.Lines.Count > 0 && pipeline.Tracking?.Objects is null)
        {
            throw Invalid(
                options.Zones.Count > 0 ? $"{Field}.zones" : $"{Field}.lines",
                $"cannot be set: the pipeline {pipeline.Id} does not follow objects");
        }
    }

    private static void CheckSampling(Sampling sampling, Pipeline pipeline)
    {
        if (sampling is not (Sampling.Unspecified or Sampling.Adaptive))
        {
            throw Invalid($"{Field}.sampling", "must be SAMPLING_UNSPECIFIED or SAMPLING_ADAPTIVE", (int)sampling);
        }

        if (sampling == Sampling.Adaptive && pipeline.Labels.Count > 0 && pipeline.Tracking?.Objects is null)
        {
            throw Invalid(
                $"{Field}.sampling",
                $"cannot be SAMPLING_ADAPTIVE: the pipeline {pipeline.Id} does not follow its objects, so that nothing "
                + "tells where they are between two frames");
        }
    }

    private static void CheckId(string field, string id, HashSet<string> ids)
    {
        if (!IdForm().IsMatch(id))
        {
            throw Invalid(field, Text($"must have 1 to {MaxIdLength} letters, digits, \"_\" or \"-\""), id);
        }

        if (!ids.Add(id))
        {
            throw Invalid(field, $"must be unique among zones and lines; \"{id}\" is used twice", id);
        }
    }

    private static void CheckPolygon(string field, RelativePolygon? polygon)
    {
        if (RelativePolygons.MistakeIn(polygon ?? new RelativePolygon()) is { } mistake)
        {
            throw Invalid($"{field}.{mistake.Field}", mistake.Problem);
        }
    }

    private static void CheckPoint(string field, RelativePoint? point)
    {
        if (point is null)
        {
            throw ServiceException.MissingField(field, "Send x and y from 0 to 1.");
        }

        if (RelativePolygons.MistakeIn(point) is { } coordinate)
        {
            throw Invalid($"{field}.{coordinate}", "must be 0 to 1", coordinate == "x" ? point.X : point.Y);
        }
    }

    private static void CheckCount(string field, int count, int limit)
    {
        if (count > limit)
        {
            throw Invalid(field, Text($"can have at most {limit} entries"), count);
        }
    }

    private static string At(string field, int index) => Text($"{field}[{index}]");

    private static ServiceException Invalid(string field, string rule, object? value = null) =>
        ServiceException.InvalidField(field, $"{field} {rule}{(rule.EndsWith('?') ? "" : ".")}", value);

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    [GeneratedRegex(@"^[A-Za-z0-9_-]{1,63}\z", RegexOptions.CultureInvariant)]
    private static partial Regex IdForm();
}
