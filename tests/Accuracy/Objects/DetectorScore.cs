namespace ForegSyte.Accuracy.Objects;

/// <summary>How well a detector found the labelled objects.</summary>
/// <param name="ByCategory">Average precision at an overlap of 0.5 of each labelled class.</param>
/// <param name="Precision">Share of what it found at its threshold, of any class, that is right; 1 for nothing.</param>
/// <param name="Recall">Share of the labelled objects that it found at its threshold.</param>
/// <param name="Right">Labelled objects that it found at its threshold.</param>
/// <param name="Labelled">Labelled objects.</param>
/// <param name="Doubles">What it found on top of something more confident of another class.</param>
internal sealed record DetectorScore(
    IReadOnlyDictionary<string, double> ByCategory, double Precision, double Recall, int Right, int Labelled,
    int Doubles)
{
    /// <summary>mAP@0.5: the mean over the labelled classes.</summary>
    public double MeanAveragePrecision => ByCategory.Values.Average();

    /// <summary>Scores what a detector found at a low threshold.</summary>
    /// <param name="found">What it found.</param>
    /// <param name="labels">What is there.</param>
    /// <param name="threshold">Confidence from which on a user gets to see it.</param>
    public static DetectorScore Of(
        IReadOnlyCollection<FoundObject> found, IReadOnlyCollection<LabelledObject> labels, double threshold)
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
            counted.Count,
            ObjectMatching.CountDoubles([.. shown.Select(item => item.Found)]));
    }
}
