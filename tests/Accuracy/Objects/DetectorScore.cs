namespace ForegSyte.Accuracy.Objects;

/// <summary>Accuracy of a detector on the labeled objects.</summary>
/// <param name="ByCategory">Average precision per labeled class, at an overlap of 0.5.</param>
/// <param name="Precision">Share of correct objects of any class at its threshold; 1 if it detects none.</param>
/// <param name="Recall">Share of detected labeled objects at its threshold.</param>
/// <param name="Right">Number of detected labeled objects at its threshold.</param>
/// <param name="Wrong">Number of wrong objects at its threshold.</param>
/// <param name="Labeled">Number of labeled objects.</param>
/// <param name="Doubles">Detected objects on top of a more confident one of another class.</param>
internal sealed record DetectorScore(
    IReadOnlyDictionary<string, double> ByCategory, double Precision, double Recall, int Right, int Wrong,
    int Labeled, int Doubles)
{
    /// <summary>mAP@0.5: the mean over the labeled classes.</summary>
    public double MeanAveragePrecision => ByCategory.Values.Average();

    /// <summary>Scores the objects that a detector finds at a low threshold.</summary>
    /// <param name="found">The detected objects.</param>
    /// <param name="labels">The labeled objects.</param>
    /// <param name="threshold">Default confidence of the detector, for precision, recall and doubles.</param>
    public static DetectorScore Of(
        IReadOnlyCollection<FoundObject> found, IReadOnlyCollection<LabeledObject> labels, double threshold)
    {
        var counted = labels.Where(label => !label.IsIgnored).ToList();
        var judged = ObjectMatching.Judge(found, labels);
        var byCategory = counted.CountBy(label => label.Category).ToDictionary(
            pair => pair.Key,
            pair => AveragePrecision.Of(
                judged.Where(item => item.Found.Category == pair.Key).Select(item => item.Judgement), pair.Value));
        var shown = judged.Where(item => item.Found.Confidence >= threshold).ToList();
        var right = shown.Count(item => item.Judgement == Judgement.Right);
        var wrong = shown.Count(item => item.Judgement == Judgement.Wrong);
        return new DetectorScore(
            byCategory,
            right + wrong == 0 ? 1 : (double)right / (right + wrong),
            (double)right / counted.Count,
            right,
            wrong,
            counted.Count,
            ObjectMatching.CountDoubles([.. shown.Select(item => item.Found)]));
    }
}

/// <summary>
/// Average precision as defined by COCO (pycocotools, cocoeval.py, accumulate): the mean, over the recalls 0, 0.01, …
/// 1, of the highest precision at that recall or a higher one; 0 for recalls that are not reached.
/// </summary>
internal static class AveragePrecision
{
    private const int RecallSteps = 100;

    /// <summary>The average precision of one class.</summary>
    /// <param name="judgements">Judgements of the detected objects by descending confidence.</param>
    /// <param name="labeled">Number of labeled objects that are not ignored, at least 1.</param>
    public static double Of(IEnumerable<Judgement> judgements, int labeled)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(labeled, 1);
        var points = new List<(int Right, double Precision)>();
        var (right, wrong) = (0, 0);
        foreach (var judgement in judgements.Where(judgement => judgement != Judgement.Ignored))
        {
            right += judgement == Judgement.Right ? 1 : 0;
            wrong += judgement == Judgement.Wrong ? 1 : 0;
            points.Add((right, (double)right / (right + wrong)));
        }

        // Backward, so that each point gets the highest precision after it.
        for (var i = points.Count - 2; i >= 0; i--)
        {
            points[i] = points[i] with { Precision = Math.Max(points[i].Precision, points[i + 1].Precision) };
        }

        // right / labeled >= step / 100, in integers.
        return Enumerable.Range(0, RecallSteps + 1).Average(step => points
            .FirstOrDefault(point => point.Right * RecallSteps >= step * labeled).Precision);
    }
}
