namespace ForegSyte.Inference.Vision;

/// <summary>
/// Greedy non-maximum suppression. It works across classes too, with a limit of its own: a detector that calls one van
/// a car and a truck gives one detection. (Per-class suppression, a limit of 1, is the habit of COCO evaluation, which
/// counts every class by itself; people who read results want one answer for one object.)
/// </summary>
internal static class NonMaximumSuppression
{
    /// <summary>
    /// Keeps the most confident box and drops those that overlap it, until none is left.
    /// </summary>
    /// <param name="boxes">Candidates, in any order; sorted in place by falling confidence.</param>
    /// <param name="overlapLimit">
    /// Boxes whose intersection over union with a kept one of their class is above this are dropped.
    /// </param>
    /// <param name="acrossClasses">The same for a kept one of another class; 1 drops none for it.</param>
    /// <param name="candidateLimit">Only this many of the most confident candidates are looked at.</param>
    /// <param name="keepLimit">At most this many boxes are kept.</param>
    /// <returns>The kept boxes by falling confidence; equal confidences by class, then position.</returns>
    public static List<ScoredBox> Apply(
        List<ScoredBox> boxes, float overlapLimit, float acrossClasses, int candidateLimit = int.MaxValue,
        int keepLimit = int.MaxValue)
    {
        boxes.Sort(ByFallingConfidence);
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

    /// <summary>A total order, so that the outcome does not depend on the order of the candidates.</summary>
    private static int ByFallingConfidence(ScoredBox a, ScoredBox b)
    {
        var order = b.Confidence.CompareTo(a.Confidence);
        order = order != 0 ? order : a.ClassId.CompareTo(b.ClassId);
        order = order != 0 ? order : a.Left.CompareTo(b.Left);
        order = order != 0 ? order : a.Top.CompareTo(b.Top);
        order = order != 0 ? order : a.Right.CompareTo(b.Right);
        return order != 0 ? order : a.Bottom.CompareTo(b.Bottom);
    }
}
