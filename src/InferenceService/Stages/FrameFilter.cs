using System.Collections.Frozen;
using ForegSyte.Protocol.Regions;
using ForegSyte.V1;

namespace ForegSyte.Inference.Stages;

/// <summary>Which findings of a call are wanted.</summary>
/// <param name="labels">Class names of objects; empty for all.</param>
/// <param name="minConfidence">Minimum confidence of detections and text regions, 0 to 1.</param>
/// <param name="regions">Valid polygons, one of which has the center of a finding; empty for the whole frame.</param>
internal sealed class FrameFilter(
    IEnumerable<string> labels, float minConfidence, IReadOnlyList<RelativePolygon> regions)
{
    private readonly FrozenSet<string> _labels = labels.ToFrozenSet(StringComparer.Ordinal);

    /// <summary>Wants everything.</summary>
    public static readonly FrameFilter All = new([], 0, []);

    /// <summary>Minimum confidence of detections and text regions.</summary>
    public float MinConfidence { get; } = minConfidence;

    /// <summary>Whether objects of a class are wanted.</summary>
    public bool HasLabel(string label) => _labels.Count == 0 || _labels.Contains(label);

    /// <summary>Whether a point is in a wanted part of the frame.</summary>
    /// <param name="x">Distance from the left edge of the frame in its widths.</param>
    /// <param name="y">Distance from the top edge of the frame in its heights.</param>
    public bool HasPoint(float x, float y) =>
        regions.Count == 0 || regions.Any(region => RelativePolygons.Contains(region, x, y));
}
