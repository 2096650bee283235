namespace ForegSyte.Accuracy.Objects;

/// <summary>
/// Compares found with labelled objects as COCO's evaluation does (pycocotools, cocoeval.py, evaluateImg): in each
/// frame and class the found ones, the most confident first, each take the free label that they overlap most, if that
/// is enough. What lies on an ignored label counts neither way; such a label takes any number, and the overlap is
/// measured against the found box alone, as COCO does for crowds.
/// </summary>
internal static class ObjectMatching
{
    /// <summary>The least intersection over union of the "@0.5" in mAP@0.5.</summary>
    public const double LeastOverlap = 0.5;

    /// <summary>Judges all found objects; the result is ordered by falling confidence.</summary>
    public static List<JudgedObject> Judge(
        IEnumerable<FoundObject> found, IReadOnlyCollection<LabelledObject> labels)
    {
        var free = labels.Where(label => !label.IsIgnored).ToHashSet(ReferenceEqualityComparer.Instance);
        var judged = new List<JudgedObject>();
        foreach (var item in found.OrderByDescending(item => item.Confidence))
        {
            var same = labels.Where(label => label.Frame == item.Frame && label.Category == item.Category).ToList();
            var best = same
                .Where(free.Contains)
                .Select(label => (Label: label, Overlap: label.Box.OverlapWith(item.Box)))
                .Where(pair => pair.Overlap >= LeastOverlap)
                .OrderByDescending(pair => pair.Overlap)
                .FirstOrDefault();
            if (best.Label is not null)
            {
                free.Remove(best.Label);
                judged.Add(new(item, Judgement.Right));
                continue;
            }

            var isIgnored = same.Any(label => label.IsIgnored
                && label.Box.IntersectionWith(item.Box) >= LeastOverlap * item.Box.Area);
            judged.Add(new(item, isIgnored ? Judgement.Ignored : Judgement.Wrong));
        }

        return judged;
    }

    /// <summary>
    /// How many found objects lie on a more confident one of another class: one thing with two names.
    /// </summary>
    public static int CountDoubles(IReadOnlyCollection<FoundObject> found) => found.Count(item => found.Any(other =>
        other.Frame == item.Frame && other.Category != item.Category && other.Confidence > item.Confidence
        && other.Box.OverlapWith(item.Box) > LeastOverlap));
}
