namespace ForegSyte.Accuracy.Objects;

/// <summary>Result of matching a detected object.</summary>
internal enum Judgement
{
    /// <summary>It matches a labeled object that no more confident one has matched.</summary>
    Right,

    /// <summary>It matches no labeled object, or another one has matched that object.</summary>
    Wrong,

    /// <summary>It lies on an ignored label.</summary>
    Ignored,
}

/// <summary>A detected object with its judgement.</summary>
internal readonly record struct JudgedObject(FoundObject Found, Judgement Judgement);

/// <summary>
/// Matches detected with labeled objects like COCO's evaluation (pycocotools, cocoeval.py, evaluateImg): in each frame
/// and class the detected objects, by descending confidence, each match the unmatched label with the highest
/// sufficient overlap. An ignored label matches any number of objects; their overlap is measured against the detected
/// box only, as in COCO for crowds.
/// </summary>
internal static class ObjectMatching
{
    /// <summary>Minimum intersection over union, the "@0.5" in mAP@0.5.</summary>
    public const double MinimumOverlap = 0.5;

    /// <summary>Judges all detected objects; the result is ordered by descending confidence.</summary>
    public static List<JudgedObject> Judge(
        IEnumerable<FoundObject> found, IReadOnlyCollection<LabeledObject> labels)
    {
        var free = labels.Where(label => !label.IsIgnored).ToHashSet(ReferenceEqualityComparer.Instance);
        var judged = new List<JudgedObject>();
        foreach (var item in found.OrderByDescending(item => item.Confidence))
        {
            var same = labels.Where(label => label.Frame == item.Frame && label.Category == item.Category).ToList();
            var best = same
                .Where(free.Contains)
                .Select(label => (Label: label, Overlap: label.Box.OverlapWith(item.Box)))
                .Where(pair => pair.Overlap >= MinimumOverlap)
                .OrderByDescending(pair => pair.Overlap)
                .FirstOrDefault();
            if (best.Label is not null)
            {
                free.Remove(best.Label);
                judged.Add(new(item, Judgement.Right));
                continue;
            }

            var isIgnored = same.Any(label => label.IsIgnored
                && label.Box.IntersectionWith(item.Box) >= MinimumOverlap * item.Box.Area);
            judged.Add(new(item, isIgnored ? Judgement.Ignored : Judgement.Wrong));
        }

        return judged;
    }

    /// <summary>
    /// Number of detected objects on top of a more confident one of another class.
    /// </summary>
    public static int CountDoubles(IReadOnlyCollection<FoundObject> found) => found.Count(item => found.Any(other =>
        other.Frame == item.Frame && other.Category != item.Category && other.Confidence > item.Confidence
        && other.Box.OverlapWith(item.Box) > MinimumOverlap));
}
