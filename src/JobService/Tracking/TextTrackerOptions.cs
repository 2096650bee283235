using ForegSyte.Protocol.Tracking;
using ForegSyte.V1;

namespace ForegSyte.Jobs.Tracking;

/// <summary>
/// How lines of text are followed. Lengths are in heights of the line, so that small and large texts are treated alike,
/// and times are in seconds of the video.
/// </summary>
internal sealed record TextTrackerOptions
{
    /// <summary>Growth of a line on each side before its place is compared. 0 to 2.</summary>
    public double Growth { get; init; } = 0.5;

    /// <summary>Minimum overlap of the grown lines, as intersection over union. 0.01 to 1.</summary>
    public double MinOverlap { get; init; } = 0.3;

    /// <summary>Minimum similarity of two readings at the same place: 1 less the share of wrong characters. 0 to
    /// 1.</summary>
    public double MinSimilarity { get; init; } = 0.5;

    /// <summary>Minimum similarity of two readings at different places. 0 to 1.</summary>
    public double MinFarSimilarity { get; init; } = 0.8;

    /// <summary>Minimum number of letters and digits of a reading that is found again at another place. 1 to
    /// 100.</summary>
    public int MinFarLength { get; init; } = 4;

    /// <summary>Distance within which such a reading is found again at once. 0 to 100.</summary>
    public double Reach { get; init; } = 1.5;

    /// <summary>Growth of that distance, in heights per second. 0 to 100.</summary>
    public double ReachSpeed { get; init; } = 2;

    /// <summary>Maximum of that distance. 0 to 100.</summary>
    public double MaxReach { get; init; } = 6;

    /// <summary>Time without a reading after which a track ends. 0 to 60.</summary>
    public double MaxHiddenSeconds { get; init; } = 3;

    /// <summary>The same for a text whose predicted centre is outside the frame, if that is less. 0 to 60.</summary>
    public double MaxLeavingSeconds { get; init; } = 0.5;

    /// <summary>
    /// Frames without a reading after which a track ends; bounds memory where times stand still. 1 to 10,000.
    /// </summary>
    public int MaxHiddenFrames { get; init; } = 300;

    /// <summary>Confidence above which a reading is evidence that there is text. 0 to 1.</summary>
    public double Confidence { get; init; } = 0.5;

    /// <summary>
    /// Minimum evidence for a track to be published: the cumulative sum (Page 1954, "Continuous inspection schemes") of
    /// the confidence above Confidence, which never falls below 0. 0 to 100.
    /// </summary>
    public double MinEvidence { get; init; } = 0.45;

    /// <summary>
    /// Maximum number of tracks that can still continue; above it, those end that were hidden for the longest time. 1
    /// to 10,000.
    /// </summary>
    public int MaxLiveTracks { get; init; } = 1_000;

    /// <summary>The options of a pipeline.</summary>
    /// <exception cref="ArgumentException">A parameter is out of range.</exception>
    public static TextTrackerOptions From(TextTracking texts)
    {
        var values = new TrackingValues(TrackingParameters.Texts, texts.Parameters.AsReadOnly());
        return new TextTrackerOptions
        {
            Growth = values["growth"],
            MinOverlap = values["min_overlap"],
            MinSimilarity = values["min_similarity"],
            MinFarSimilarity = values["min_far_similarity"],
            MinFarLength = values.Whole("min_far_length"),
            Reach = values["reach"],
            ReachSpeed = values["reach_speed"],
            MaxReach = values["max_reach"],
            MaxHiddenSeconds = values["max_hidden_seconds"],
            MaxLeavingSeconds = values["max_leaving_seconds"],
            MaxHiddenFrames = values.Whole("max_hidden_frames"),
            Confidence = values[TrackingParameters.Confidence],
            MinEvidence = values["min_evidence"],
            MaxLiveTracks = values.Whole("max_live_tracks"),
        };
    }

    /// <summary>What is wrong with the values, one sentence each.</summary>
    public IEnumerable<string> Mistakes()
    {
        double[] values =
        [
            Growth, MinOverlap, MinSimilarity, MinFarSimilarity, MinFarLength, Reach, ReachSpeed, MaxReach,
            MaxHiddenSeconds, MaxLeavingSeconds, MaxHiddenFrames, Confidence, MinEvidence, MaxLiveTracks,
        ];
        return TrackingParameters.Texts.Zip(values)
            .Where(pair => !pair.First.Allows(pair.Second))
            .Select(pair => FormattableString.Invariant(
                $"{pair.First.Name} is {pair.Second}; it must be {pair.First}."));
    }
}
