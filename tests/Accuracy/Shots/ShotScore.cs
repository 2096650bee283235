using ForegSyte.Jobs.Tracking;

namespace ForegSyte.Accuracy.Shots;

/// <summary>The signature of a frame.</summary>
internal sealed record SignedFrame(int Index, uint TimestampMs, byte[] Signature);

/// <summary>Found, missed and wrong cuts.</summary>
/// <param name="Found">Cuts at exactly the first analyzed frame of a shot.</param>
/// <param name="Missed">Cuts that were not found there.</param>
/// <param name="Wrong">Cuts elsewhere.</param>
internal sealed record ShotScore(int Found, int Missed, int Wrong)
{
    /// <summary>Share of the reported cuts that are right; 1 if none is reported.</summary>
    public double Precision => (double)Found / Math.Max(Found + Wrong, 1);

    /// <summary>Share of the cuts that are found.</summary>
    public double Recall => (double)Found / Math.Max(Found + Missed, 1);

    /// <summary>Looks for cuts in every n-th frame.</summary>
    /// <param name="frames">All frames, from the first one on.</param>
    /// <param name="cuts">The first frames of the shots after the first one.</param>
    /// <param name="stride">Every n-th frame is looked at.</param>
    /// <param name="offset">The first frame that is looked at.</param>
    public static ShotScore Of(IReadOnlyList<SignedFrame> frames, IReadOnlyList<int> cuts, int stride, int offset)
    {
        var detector = new ShotDetector(new ShotDetectorOptions());
        List<SignedFrame> seen = [.. frames.Where(frame => frame.Index % stride == offset)];
        foreach (var frame in seen)
        {
            detector.Update(frame.Index, frame.TimestampMs, frame.Signature);
        }

        var found = detector.Finish().Skip(1).Select(shot => shot.FirstFrameIndex).ToHashSet();
        var wanted = cuts.Select(cut => seen.First(frame => frame.Index >= cut).Index).ToHashSet();
        var right = found.Count(wanted.Contains);
        return new ShotScore(right, wanted.Count - right, found.Count - right);
    }

    /// <summary>The sum over several clips.</summary>
    public static ShotScore Sum(IEnumerable<ShotScore> scores) => scores.Aggregate(
        new ShotScore(0, 0, 0),
        (sum, score) => new(sum.Found + score.Found, sum.Missed + score.Missed, sum.Wrong + score.Wrong));
}
