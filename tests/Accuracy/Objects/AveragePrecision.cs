namespace ForegSyte.Accuracy.Objects;

/// <summary>
/// Average precision as COCO defines it (pycocotools, cocoeval.py, accumulate): the mean, over the recalls 0, 0.01, …
/// 1, of the highest precision that is reached at that recall or a higher one; 0 where the recall is not reached.
/// </summary>
internal static class AveragePrecision
{
    private const int RecallSteps = 100;

    /// <summary>The average precision of one class.</summary>
    /// <param name="judgements">Judgements of the found objects by falling confidence.</param>
    /// <param name="labelled">Number of labelled objects that count, at least 1.</param>
    public static double Of(IEnumerable<Judgement> judgements, int labelled)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(labelled, 1);
        var points = new List<(int Right, double Precision)>();
        var (right, wrong) = (0, 0);
        foreach (var judgement in judgements.Where(judgement => judgement != Judgement.Ignored))
        {
            right += judgement == Judgement.Right ? 1 : 0;
            wrong += judgement == Judgement.Wrong ? 1 : 0;
            points.Add((right, (double)right / (right + wrong)));
        }

        // From the end on, so that a point knows the highest precision after it.
        for (var i = points.Count - 2; i >= 0; i--)
        {
            points[i] = points[i] with { Precision = Math.Max(points[i].Precision, points[i + 1].Precision) };
        }

        // In whole numbers: right / labelled >= step / 100.
        return Enumerable.Range(0, RecallSteps + 1).Average(step => points
            .FirstOrDefault(point => point.Right * RecallSteps >= step * labelled).Precision);
    }
}
