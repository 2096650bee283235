namespace ForegSyte.Inference.Vision;

/// <summary>An axis-aligned box with a class and a confidence, in a unit that the caller chooses.</summary>
/// <param name="Left">Left edge.</param>
/// <param name="Top">Top edge.</param>
/// <param name="Right">Right edge, not less than <paramref name="Left"/>.</param>
/// <param name="Bottom">Bottom edge, not less than <paramref name="Top"/>.</param>
/// <param name="ClassId">Index of the class in the label list of the model.</param>
/// <param name="Confidence">0 to 1.</param>
internal readonly record struct ScoredBox(
    float Left, float Top, float Right, float Bottom, int ClassId, float Confidence)
{
    public float Width => Right - Left;

    public float Height => Bottom - Top;

    public float Area => Width * Height;

    /// <summary>Intersection over union, 0 to 1; 0 if the boxes only touch.</summary>
    public static float IntersectionOverUnion(in ScoredBox a, in ScoredBox b)
    {
        var width = MathF.Min(a.Right, b.Right) - MathF.Max(a.Left, b.Left);
        var height = MathF.Min(a.Bottom, b.Bottom) - MathF.Max(a.Top, b.Top);
        if (width <= 0 || height <= 0)
        {
            return 0;
        }

        var intersection = width * height;
        var union = a.Area + b.Area - intersection;
        return union > 0 ? MathF.Min(intersection / union, 1) : 0;
    }
}

/// <summary>
/// Greedy non-maximum suppression, within classes and across classes with a separate limit: a van detected as car and
/// truck gives one detection. COCO evaluation suppresses each class separately (a limit of 1 across classes) because it
/// scores every class separately; readers of results want one answer per object.
/// </summary>
internal static class NonMaximumSuppression
{
    /// <summary>Keeps the most confident box, drops the boxes that overlap it, and repeats with the rest.</summary>
    /// <param name="boxes">Candidates in any order; sorted in place by descending confidence.</param>
    /// <param name="overlapLimit">
    /// A box is dropped if its intersection over union with a kept box of its class exceeds this.
    /// </param>
    /// <param name="acrossClasses">The same limit for a kept box of another class; 1 never drops.</param>
    /// <param name="candidateLimit">Maximum number of candidates; the most confident ones are considered.</param>
    /// <param name="keepLimit">Maximum number of kept boxes.</param>
    /// <returns>The kept boxes by descending confidence, then by class, then by position.</returns>
    public static List<ScoredBox> Apply(
        List<ScoredBox> boxes, float overlapLimit, float acrossClasses, int candidateLimit = int.MaxValue,
        int keepLimit = int.MaxValue)
    {
        boxes.Sort(ByDescendingConfidence);
        var kept = new List<ScoredBox>();
        for (var i = 0; i < boxes.Count && i < candidateLimit && kept.Count < keepLimit; i++)
        {
            if (!OverlapsAny(kept, boxes[i], overlapLimit, acrossClasses))
            {
                kept.Add(boxes[i]);
            }
        }

        return kept;
    }

    private static bool OverlapsAny(List<ScoredBox> kept, in ScoredBox box, float overlapLimit, float acrossClasses)
    {
        foreach (var other in kept)
        {
            var limit = other.ClassId == box.ClassId ? overlapLimit : acrossClasses;
            if (ScoredBox.IntersectionOverUnion(other, box) > limit)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>A total order, so that the result does not depend on the order of the candidates.</summary>
    private static int ByDescendingConfidence(ScoredBox a, ScoredBox b)
    {
        var order = b.Confidence.CompareTo(a.Confidence);
        order = order != 0 ? order : a.ClassId.CompareTo(b.ClassId);
        order = order != 0 ? order : a.Left.CompareTo(b.Left);
        order = order != 0 ? order : a.Top.CompareTo(b.Top);
        order = order != 0 ? order : a.Right.CompareTo(b.Right);
        return order != 0 ? order : a.Bottom.CompareTo(b.Bottom);
    }
}
