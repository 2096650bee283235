using ForegSyte.Protocol.Tracking;
using ForegSyte.V1;

namespace ForegSyte.Jobs.Tracking;

/// <summary>
/// How objects are followed. Lengths are in heights of the object, so that near and far objects are treated alike, and
/// times are in seconds of the video, so that a stride changes nothing else.
/// </summary>
internal sealed record TrackerOptions
{
    /// <summary>Confidence from which a detection is published; only such detections begin a track. 0 to 1.</summary>
    public double Confidence { get; init; } = 0.45;

    /// <summary>Confidence from which a detection continues a track. 0 to 1, at most Confidence.</summary>
    public double CandidateConfidence { get; init; } = 0.2;

    /// <summary>
    /// Growth of boxes on each side before the first comparison, as a share of their size (buffered IoU, Yang et al.
    /// 2023). 0 to 1.
    /// </summary>
    public double Growth { get; init; } = 0.25;

    /// <summary>Minimum similarity of a track and a confident detection. 0 to 1.</summary>
    public double MinOverlap { get; init; } = 0.14;

    /// <summary>Minimum similarity of a track and an unconfident detection. 0 to 1.</summary>
    public double MinCandidateOverlap { get; init; } = 0.4;

    /// <summary>Factor of the similarity to a detection of another class. 0 to 1.</summary>
    public double OtherClassFactor { get; init; } = 0.7;

    /// <summary>Share of the similarity that appearance decides; 0 ignores appearance. 0 to 1.</summary>
    public double AppearanceWeight { get; init; } = 0.5;

    /// <summary>Likeness at which two appearances count as different. 0 to 0.99.</summary>
    public double LikenessFloor { get; init; } = 0.82;

    /// <summary>Share of a new detection in the appearance of its track. 0 to 1.</summary>
    public double AppearanceRate { get; init; } = 0.2;

    /// <summary>Share of a hidden box that another object must cover to hide it. 0 to 1.</summary>
    public double MinCover { get; init; } = 0.8;

    /// <summary>Factor of the overlap with the object in front, where a hidden object can appear. 0 to 1.</summary>
    public double BehindFactor { get; init; } = 0.7;

    /// <summary>Time without a detection after which a track ends. 0 to 60.</summary>
    public double MaxHiddenSeconds { get; init; } = 1.5;

    /// <summary>The same for an object behind another one. 0 to 60.</summary>
    public double MaxCoveredSeconds { get; init; } = 7;

    /// <summary>The same for an object whose predicted center is outside the frame. 0 to 60.</summary>
    public double MaxLeavingSeconds { get; init; } = 0.5;

    /// <summary>
    /// Frames without a detection after which a track ends; bounds memory where times stand still. 1 to 10,000.
    /// </summary>
    public int MaxHiddenFrames { get; init; } = 300;

    /// <summary>Distance within which a lost object is found again at once. 0 to 10.</summary>
    public double Reach { get; init; } = 0.1;

    /// <summary>Growth of that distance, in heights per second; a person walks about 1. 0 to 10.</summary>
    public double ReachSpeed { get; init; } = 1;

    /// <summary>Maximum of that distance. 0 to 10.</summary>
    public double MaxReach { get; init; } = 1.5;

    /// <summary>Decay of the speed of a hidden object, per second. 0 to 100.</summary>
    public double HiddenSlowing { get; init; } = 0.7;

    /// <summary>Standard deviation of a detected position. 0.001 to 1 (ByteTrack: 1/20).</summary>
    public double PositionNoise { get; init; } = 0.05;

    /// <summary>Standard deviation of the speed of a new object, in heights per second. 0.001 to 100.</summary>
    public double InitialSpeed { get; init; } = 1.5;

    /// <summary>Standard deviation of the change of speed in one second, in heights per second. 0.001 to 100.</summary>
    public double Acceleration { get; init; } = 0.6;

    /// <summary>Minimum number of frames with a detection for a track to be published. 1 to 1,000.</summary>
    public int MinFrames { get; init; } = 3;

    /// <summary>
    /// Minimum evidence for a track to be published: the cumulative sum (Page 1954, "Continuous inspection schemes") of
    /// the confidence above Confidence, which never falls below 0. 0 to 100.
    /// </summary>
    public double MinEvidence { get; init; } = 0.2;

    /// <summary>
    /// Minimum share of confident frames for an object that never moves by its own size to be published. 0 to 1.
    /// </summary>
    public double MinConfidentShare { get; init; } = 0.3;

    /// <summary>Maximum number of points in the path of a track. 3 to 10,000.</summary>
    public int MaxPathPoints { get; init; } = 64;

    /// <summary>
    /// Maximum number of tracks that can still continue; more end those that were not seen for the longest. 1 to
    /// 10,000.
    /// </summary>
    public int MaxLiveTracks { get; init; } = 1_000;

    /// <summary>The options of a pipeline.</summary>
    /// <param name="objects">The parameters of the pipeline.</param>
    /// <param name="isAdaptive">Whether the job has adaptive sampling.</param>
    /// <exception cref="ArgumentException">A parameter is out of range.</exception>
    public static TrackerOptions From(ObjectTracking objects, bool isAdaptive = false)
    {
        var values = new TrackingValues(
            isAdaptive ? TrackingParameters.AdaptiveObjects : TrackingParameters.Objects,
            objects.Parameters.AsReadOnly());
        var confidence = values[TrackingParameters.Confidence];
        return new TrackerOptions
        {
            Confidence = confidence,

            // A pipeline can publish detections below the default of candidates.
            CandidateConfidence = Math.Min(values[TrackingParameters.CandidateConfidence], confidence),
            Growth = values["growth"],
            MinOverlap = values["min_overlap"],
            MinCandidateOverlap = values["min_candidate_overlap"],
            OtherClassFactor = values["other_class_factor"],
            AppearanceWeight = values["appearance_weight"],
            LikenessFloor = values["likeness_floor"],
            AppearanceRate = values["appearance_rate"],
            MinCover = values["min_cover"],
            BehindFactor = values["behind_factor"],
            MaxHiddenSeconds = values["max_hidden_seconds"],
            MaxCoveredSeconds = values["max_covered_seconds"],
            MaxLeavingSeconds = values["max_leaving_seconds"],
            MaxHiddenFrames = values.Whole("max_hidden_frames"),
            Reach = values["reach"],
            ReachSpeed = values["reach_speed"],
            MaxReach = values["max_reach"],
            HiddenSlowing = values["hidden_slowing"],
            PositionNoise = values["position_noise"],
            InitialSpeed = values["initial_speed"],
            Acceleration = values["acceleration"],
            MinFrames = values.Whole("min_frames"),
            MinEvidence = values[TrackingParameters.MinEvidence],
            MinConfidentShare = values["min_confident_share"],
            MaxPathPoints = values.Whole("max_path_points"),
            MaxLiveTracks = values.Whole("max_live_tracks"),
        };
    }

    /// <summary>What is wrong with the values, one sentence each.</summary>
    public IEnumerable<string> Mistakes()
    {
        (string Name, double Value, double Minimum, double Maximum)[] ranges =
        [
            (nameof(Confidence), Confidence, 0, 1), (nameof(CandidateConfidence), CandidateConfidence, 0, 1),
            (nameof(Growth), Growth, 0, 1), (nameof(MinOverlap), MinOverlap, 0, 1),
            (nameof(MinCandidateOverlap), MinCandidateOverlap, 0, 1),
            (nameof(OtherClassFactor), OtherClassFactor, 0, 1), (nameof(AppearanceWeight), AppearanceWeight, 0, 1),
            (nameof(LikenessFloor), LikenessFloor, 0, 0.99), (nameof(AppearanceRate), AppearanceRate, 0, 1),
            (nameof(MinCover), MinCover, 0, 1), (nameof(BehindFactor), BehindFactor, 0, 1),
            (nameof(MaxHiddenSeconds), MaxHiddenSeconds, 0, 60), (nameof(MaxCoveredSeconds), MaxCoveredSeconds, 0, 60),
            (nameof(MaxLeavingSeconds), MaxLeavingSeconds, 0, 60),
            (nameof(MaxHiddenFrames), MaxHiddenFrames, 1, 10_000),
            (nameof(Reach), Reach, 0, 10), (nameof(ReachSpeed), ReachSpeed, 0, 10), (nameof(MaxReach), MaxReach, 0, 10),
            (nameof(HiddenSlowing), HiddenSlowing, 0, 100), (nameof(PositionNoise), PositionNoise, 0.001, 1),
            (nameof(InitialSpeed), InitialSpeed, 0.001, 100), (nameof(Acceleration), Acceleration, 0.001, 100),
            (nameof(MinFrames), MinFrames, 1, 1_000), (nameof(MinEvidence), MinEvidence, 0, 100),
            (nameof(MinConfidentShare), MinConfidentShare, 0, 1), (nameof(MaxPathPoints), MaxPathPoints, 3, 10_000),
            (nameof(MaxLiveTracks), MaxLiveTracks, 1, 10_000),
        ];
        foreach (var (name, value, minimum, maximum) in ranges.Where(range =>
            !(range.Value >= range.Minimum && range.Value <= range.Maximum)))
        {
            yield return FormattableString.Invariant($"{name} is {value}; set it to {minimum} to {maximum}.");
        }

        if (CandidateConfidence > Confidence)
        {
            yield return FormattableString.Invariant(
                $"CandidateConfidence is {CandidateConfidence}; set it to at most Confidence, {Confidence}.");
        }
    }
}
