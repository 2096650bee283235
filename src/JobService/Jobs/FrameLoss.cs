using System.ComponentModel.DataAnnotations;
using System.Globalization;
using ForegSyte.Protocol.Limits;
using ForegSyte.V1;

namespace ForegSyte.Jobs;

/// <summary>Decides how many lost frames a job can have: frames that cannot be decoded. Pure.</summary>
internal static class FrameLoss
{
    /// <summary>Full name of the option.</summary>
    public const string Option = $"{FrameLossOptions.Section}:{nameof(FrameLossOptions.MaxLostFrameShare)}";

    /// <summary>Whether so many lost frames fail a job.</summary>
    /// <param name="lost">Lost frames.</param>
    /// <param name="planned">Frames that the job planned to analyze, including the lost ones.</param>
    /// <param name="options">The limit.</param>
    public static bool IsTooHigh(long lost, long planned, FrameLossOptions options) =>
        lost > options.MaxLostFrameShare * planned;

    /// <summary>Why a job fails; null if enough of its frames are analyzed.</summary>
    /// <param name="analyzed">Frames with results.</param>
    /// <param name="lost">Lost frames.</param>
    /// <param name="options">The limit.</param>
    public static JobFailure? FailureOf(int analyzed, int lost, FrameLossOptions options)
    {
        if (analyzed == 0)
        {
            return new JobFailure(
                ErrorReason.UndecodableVideo,
                "None of the video's frames can be decoded: its data is damaged, or its codec is not supported. "
                + "Play the video; if that fails, encode it again as H.264.");
        }

        var planned = analyzed + lost;
        if (!IsTooHigh(lost, planned, options))
        {
            return null;
        }

        var limit = options.MaxLostFrameShare.ToString(CultureInfo.InvariantCulture);
        return new JobFailure(
            ErrorReason.UndecodableVideo,
            string.Create(
                CultureInfo.InvariantCulture,
                $"{lost} of the {planned} frames to analyze cannot be decoded, more than the share of {limit} that ")
            + $"option {Option} allows. Submit an undamaged copy of the video, or ask the operator to raise the "
            + "option; RetryJob then decodes the lost frames again.",
            new Dictionary<string, string>
            {
                ["lostFrames"] = lost.ToString(CultureInfo.InvariantCulture),
                ["plannedFrames"] = planned.ToString(CultureInfo.InvariantCulture),
                ["option"] = Option,
                ["limit"] = limit,
            });
    }
}

/// <summary>How many frames a job can lose. Section "Segments".</summary>
internal sealed class FrameLossOptions
{
    public const string Section = "Segments";

    /// <summary>
    /// Maximum share of lost frames among those that a job planned to analyze; a job that loses more fails.
    /// </summary>
    /// <value>0 (any lost frame fails the job) to 1; 0.5 by default. A job without any frame always fails.</value>
    [Range(0.0, 1.0)]
    [Limit(
        "of the frames", "Share of a job's frames that can be undecodable; a job that loses more fails.",
        Reason = ErrorReason.UndecodableVideo)]
    public double MaxLostFrameShare { get; set; } = 0.5;
}
