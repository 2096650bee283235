using ForegSyte.Inference.Vision;
using ForegSyte.V1;

namespace ForegSyte.Benchmarks.Gpu;

/// <summary>How far the results of two devices agree, frame by frame.</summary>
internal sealed class ResultComparison
{
    /// <summary>Two boxes of one label are the same at this intersection over union.</summary>
    public const float MinOverlap = 0.9f;

    /// <summary>And if their confidences differ by at most this.</summary>
    public const float MaxConfidenceDifference = 0.05f;

    /// <summary>
    /// Share of the boxes, and of the texts, that must have a counterpart. The rest has a confidence near a threshold.
    /// </summary>
    public const double MinAgreement = 0.98;

    /// <summary>Boxes of both sides.</summary>
    public int Boxes { get; private set; }

    /// <summary>Boxes of both sides with a counterpart.</summary>
    public int SameBoxes { get; private set; }

    /// <summary>Lines of text of both sides.</summary>
    public int Texts { get; private set; }

    /// <summary>Lines of text of both sides with a counterpart of the same characters.</summary>
    public int SameTexts { get; private set; }

    /// <summary>Whether the tolerances are kept.</summary>
    public bool IsWithinTolerance => SameBoxes >= MinAgreement * Boxes && SameTexts >= MinAgreement * Texts;

    /// <summary>Compares all frames.</summary>
    public static ResultComparison Of(IReadOnlyList<FrameResult> one, IReadOnlyList<FrameResult> other)
    {
        var comparison = new ResultComparison();
        var byIndex = other.ToDictionary(frame => frame.FrameIndex, frame => frame.Result);
        var nothing = new PipelineResult();
        foreach (var frame in one)
        {
            var counterpart = byIndex.GetValueOrDefault(frame.FrameIndex, nothing);
            byIndex.Remove(frame.FrameIndex);
            comparison.Add(frame.Result, counterpart);
        }

        foreach (var frame in byIndex.Values)
        {
            comparison.Add(frame, nothing);
        }

        return comparison;
    }

    private void Add(PipelineResult one, PipelineResult other)
    {
        var pairs = Pairs([.. one.Detections], [.. other.Detections], IsSame);
        Boxes += one.Detections.Count + other.Detections.Count;
        SameBoxes += 2 * pairs;
        Texts += one.TextRegions.Count + other.TextRegions.Count;
        SameTexts += 2 * Pairs([.. one.TextRegions], [.. other.TextRegions], (a, b) => a.Text == b.Text);
    }

    /// <summary>Pairs each item with the first free counterpart.</summary>
    private static int Pairs<T>(IReadOnlyList<T> one, List<T> other, Func<T, T, bool> isSame)
    {
        var pairs = 0;
        foreach (var item in one)
        {
            if (other.FindIndex(candidate => isSame(item, candidate)) is var index and >= 0)
            {
                other.RemoveAt(index);
                pairs++;
            }
        }

        return pairs;
    }

    private static bool IsSame(Detection a, Detection b) =>
        a.Label == b.Label && Math.Abs(a.Confidence - b.Confidence) <= MaxConfidenceDifference
        && ScoredBox.IntersectionOverUnion(ToBox(a), ToBox(b)) >= MinOverlap;

    private static ScoredBox ToBox(Detection found) => new(
        (float)found.Box.X, (float)found.Box.Y, (float)(found.Box.X + found.Box.Width),
        (float)(found.Box.Y + found.Box.Height), found.ClassId, found.Confidence);
}
