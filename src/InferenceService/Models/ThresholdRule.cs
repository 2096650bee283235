namespace ForegSyte.Inference.Models;

/// <summary>A threshold that a family knows.</summary>
/// <param name="Name">Name in the catalogue and in pipelines.</param>
/// <param name="Minimum">Smallest value allowed.</param>
/// <param name="Maximum">Largest value allowed.</param>
/// <param name="Default">
/// Value where neither the catalogue nor the pipeline gives one; null where another threshold takes its place.
/// </param>
internal sealed record ThresholdRule(string Name, float Minimum, float Maximum, float? Default)
{
    /// <summary>Whether a value is allowed; NaN is not.</summary>
    public bool Allows(float value) => value >= Minimum && value <= Maximum;
}
