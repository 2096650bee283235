using ForegSyte.Protocol.Json;
using ForegSyte.V1;
using Google.Protobuf;

namespace ForegSyte.Jobs;

/// <summary>
/// The options of a job beside frame_stride and max_frames: a JobOptions without these two, which nobody changes. Pure.
/// </summary>
internal static class JobChoices
{
    /// <summary>Maximum frame_stride.</summary>
    public const int MaxFrameStride = 1_000_000;

    /// <summary>No choices: the whole video, and all findings.</summary>
    public static readonly JobOptions None = new();

    /// <summary>Without zero values, so that a later version with more options writes the same text.</summary>
    private static readonly JsonFormatter Formatter =
        new(JsonFormatter.Settings.Default.WithPreserveProtoFieldNames(true));

    /// <summary>The choices among options.</summary>
    public static JobOptions Of(JobOptions? options)
    {
        if (options is null)
        {
            return None;
        }

        var choices = options.Clone();
        (choices.FrameStride, choices.MaxFrames) = (0, 0);
        return choices.Equals(None) ? None : choices;
    }

    /// <summary>
    /// All options of a job. The stride that follows from frames_per_second is left out, so that the options can be
    /// submitted again.
    /// </summary>
    public static JobOptions OptionsOf(JobRecord job)
    {
        var options = job.Choices.Clone();
        options.FrameStride = job.Choices.FramesPerSecond > 0 ? 0 : job.FrameStride;
        options.MaxFrames = job.MaxFrames;
        return options;
    }

    /// <summary>Canonical proto3 JSON; null for no choices. Equal choices have equal texts.</summary>
    public static string? ToJson(JobOptions choices) =>
        choices.Equals(None) ? null : Formatter.Format(choices);

    /// <summary>Parses the result of <see cref="ToJson"/>.</summary>
    public static JobOptions FromJson(string? json) =>
        json is null ? None : Of(ForegSyteJson.Parser.Parse<JobOptions>(json));

    /// <summary>The stride that gives about the chosen number of frames for each second.</summary>
    /// <param name="framesPerSecond">JobOptions.frames_per_second, more than 0.</param>
    /// <param name="frameRate">VideoInfo.frame_rate; 0 if the video has none.</param>
    /// <returns>1 to <see cref="MaxFrameStride"/>; 1 without a frame rate.</returns>
    public static int StrideFor(double framesPerSecond, double frameRate) =>
        (int)Math.Clamp(Math.Round(frameRate / framesPerSecond, MidpointRounding.AwayFromZero), 1, MaxFrameStride);

    /// <summary>Names the options, as in the proto, in which two texts of <see cref="ToJson"/> differ.</summary>
    public static IEnumerable<string> DifferencesBetween(string? left, string? right)
    {
        if (left == right)
        {
            return [];
        }

        var (one, other) = (FromJson(left), FromJson(right));
        return JobOptions.Descriptor.Fields.InFieldNumberOrder()
            .Where(field => !Equals(field.Accessor.GetValue(one), field.Accessor.GetValue(other)))
            .Select(field => $"options.{field.Name}");
    }
}
