using ForegSyte.V1;
using Google.Protobuf.Collections;

namespace ForegSyte.Protocol.Tracking;

/// <summary>Range and default of a parameter of a pipeline's tracking.</summary>
/// <param name="Name">Name in a pipeline.</param>
/// <param name="Minimum">Minimum value.</param>
/// <param name="Maximum">Maximum value.</param>
/// <param name="Default">Value if the pipeline gives none.</param>
/// <param name="IsWhole">Whether only whole numbers are allowed.</param>
public sealed record TrackingParameter(
    string Name, double Minimum, double Maximum, double Default, bool IsWhole = false)
{
    /// <summary>Whether a value is in range; NaN is not.</summary>
    public bool Allows(double value) =>
        value >= Minimum && value <= Maximum && (!IsWhole || double.IsInteger(value));

    /// <summary>The allowed values, for messages.</summary>
    public override string ToString() =>
        FormattableString.Invariant($"{(IsWhole ? "a whole number of " : "")}{Minimum:#,0.###} to {Maximum:#,0.###}");
}

/// <summary>
/// The parameters of <see cref="Tracking"/> in pipelines: the InferenceService checks them at its start, and the
/// JobService applies them. docs/tracking.md explains each.
/// </summary>
public static class TrackingParameters
{
    /// <summary>Confidence from which a detection is published.</summary>
    public const string Confidence = "confidence";

    /// <summary>Confidence from which a detection continues a track.</summary>
    public const string CandidateConfidence = "candidate_confidence";

    /// <summary>Minimum sum of the confidence above <see cref="Confidence"/> for a track to be published.</summary>
    public const string MinEvidence = "min_evidence";

    /// <summary>The parameters of <see cref="ObjectTracking"/>.</summary>
    public static IReadOnlyList<TrackingParameter> Objects { get; } =
    [
        new(Confidence, 0, 1, 0.45),
        new(CandidateConfidence, 0, 1, 0.2),
        new("growth", 0, 1, 0.25),
        new("min_overlap", 0, 1, 0.14),
        new("min_candidate_overlap", 0, 1, 0.4),
        new("other_class_factor", 0, 1, 0.7),
        new("appearance_weight", 0, 1, 0.5),
        new("likeness_floor", 0, 0.99, 0.82),
        new("appearance_rate", 0, 1, 0.2),
        new("min_cover", 0, 1, 0.8),
        new("behind_factor", 0, 1, 0.7),
        new("max_hidden_seconds", 0, 60, 1.5),
        new("max_covered_seconds", 0, 60, 7),
        new("max_leaving_seconds", 0, 60, 0.5),
        new("max_hidden_frames", 1, 10_000, 300, IsWhole: true),
        new("reach", 0, 10, 0.1),
        new("reach_speed", 0, 10, 1),
        new("max_reach", 0, 10, 1.5),
        new("hidden_slowing", 0, 100, 0.7),
        new("position_noise", 0.001, 1, 0.05),
        new("initial_speed", 0.001, 100, 1.5),
        new("acceleration", 0.001, 100, 0.6),
        new("min_frames", 1, 1_000, 3, IsWhole: true),
        new(MinEvidence, 0, 100, 0.2),
        new("min_confident_share", 0, 1, 0.3),
        new("max_path_points", 3, 10_000, 64, IsWhole: true),
        new("max_live_tracks", 1, 10_000, 1_000, IsWhole: true),
    ];

    /// <summary>
    /// The same with the defaults for adaptive sampling: between two looks objects move further, the tracker is less
    /// certain of their place, and there is less evidence of each. Found by a random search on the sample at 10 and 30
    /// frames/s and on vtest.avi (docs/adaptive.md).
    /// </summary>
    public static IReadOnlyList<TrackingParameter> AdaptiveObjects { get; } =
    [
        .. Objects.Select(parameter => parameter with
        {
            Default = parameter.Name switch
            {
                CandidateConfidence => 0.265,
                "growth" => 0.54,
                "min_overlap" => 0.092,
                "min_candidate_overlap" => 0.472,
                "appearance_weight" => 0.718,
                "appearance_rate" => 0.305,
                "min_cover" => 0.562,
                "behind_factor" => 0.836,
                "max_hidden_seconds" => 2.97,
                "max_covered_seconds" => 7.4,
                "reach" => 0.153,
                "reach_speed" => 1.151,
                "max_reach" => 1.469,
                "hidden_slowing" => 0.836,
                "position_noise" => 0.094,
                "initial_speed" => 0.508,
                "acceleration" => 0.958,
                MinEvidence => 0.057,
                "min_confident_share" => 0.272,
                _ => parameter.Default,
            },
        }),
    ];

    /// <summary>The parameters of <see cref="TextTracking"/>.</summary>
    public static IReadOnlyList<TrackingParameter> Texts { get; } =
    [
        new("growth", 0, 2, 0.5),
        new("min_overlap", 0.01, 1, 0.3),
        new("min_similarity", 0, 1, 0.5),
        new("min_far_similarity", 0, 1, 0.8),
        new("min_far_length", 1, 100, 4, IsWhole: true),
        new("reach", 0, 100, 1.5),
        new("reach_speed", 0, 100, 2),
        new("max_reach", 0, 100, 6),
        new("max_hidden_seconds", 0, 60, 3),
        new("max_leaving_seconds", 0, 60, 0.5),
        new("max_hidden_frames", 1, 10_000, 300, IsWhole: true),
        new(Confidence, 0, 1, 0.5),
        new(MinEvidence, 0, 100, 0.45),
        new("max_live_tracks", 1, 10_000, 1_000, IsWhole: true),
    ];

    /// <summary>The parameters of <see cref="ShotDetection"/>.</summary>
    public static IReadOnlyList<TrackingParameter> Shots { get; } =
    [
        new("min_change", 0.05, 1, 0.5),
        new("min_ratio", 1, 20, 2),
        new("min_frames", 1, 100, 3, IsWhole: true),
    ];

    /// <summary>What is wrong with the parameters of a pipeline's tracking, one sentence each.</summary>
    public static IEnumerable<string> Mistakes(V1.Tracking tracking) =>
    [
        .. Mistakes("objects", tracking.Objects?.Parameters, Objects),
        .. Mistakes("texts", tracking.Texts?.Parameters, Texts),
        .. Mistakes("shots", tracking.Shots?.Parameters, Shots),
    ];

    private static IEnumerable<string> Mistakes(
        string kind, MapField<string, double>? given, IReadOnlyList<TrackingParameter> known)
    {
        foreach (var (name, value) in (given ?? []).OrderBy(pair => pair.Key, StringComparer.Ordinal))
        {
            if (known.FirstOrDefault(parameter => parameter.Name == name) is not { } parameter)
            {
                yield return $"tracking.{kind} has the unknown parameter '{name}'; it has "
                    + $"{string.Join(", ", known.Select(each => each.Name))}.";
            }
            else if (!parameter.Allows(value))
            {
                yield return FormattableString.Invariant(
                    $"tracking.{kind} sets the parameter {name} to {value}; it must be {parameter}.");
            }
        }

        if (kind == "objects" && given is not null && given.TryGetValue(Confidence, out var confidence)
            && given.TryGetValue(CandidateConfidence, out var candidate) && candidate > confidence)
        {
            yield return FormattableString.Invariant(
                $"tracking.objects sets {CandidateConfidence} to {candidate}; it must be at most {Confidence}, ")
                + FormattableString.Invariant($"{confidence}.");
        }
    }
}

/// <summary>Reads the values of parameters: those of a pipeline, and defaults for the others.</summary>
/// <param name="known">A list of <see cref="TrackingParameters"/>.</param>
/// <param name="given">The parameters of a pipeline.</param>
public sealed class TrackingValues(
    IReadOnlyList<TrackingParameter> known, IReadOnlyDictionary<string, double> given)
{
    /// <summary>The value of a parameter.</summary>
    /// <exception cref="ArgumentException">
    /// The name is unknown, or the value is out of range: the service that sent it has another version.
    /// </exception>
    public double this[string name]
    {
        get
        {
            var parameter = known.FirstOrDefault(each => each.Name == name)
                ?? throw new ArgumentException($"The parameter '{name}' is unknown.", nameof(name));
            if (!given.TryGetValue(name, out var value))
            {
                return parameter.Default;
            }

            return parameter.Allows(value)
                ? value
                : throw new ArgumentException(
                    FormattableString.Invariant($"The parameter {name} is {value}; it must be {parameter}."),
                    nameof(name));
        }
    }

    /// <summary>The value of a whole number.</summary>
    /// <exception cref="ArgumentException">As for the other values.</exception>
    public int Whole(string name) => (int)this[name];
}
