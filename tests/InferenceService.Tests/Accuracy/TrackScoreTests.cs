using ForegSyte.Accuracy.Objects;
using ForegSyte.Accuracy.Tracks;

namespace ForegSyte.Inference.Tests.Accuracy;

/// <summary>The scores of tracks, against values computed by hand.</summary>
public sealed class TrackScoreTests
{
    [Fact]
    public void Of_PerfectTracks_IsOne()
    {
        var score = Score([Boxes("A", 0, 4), Boxes("B", 0, 4, x: 100)], [Boxes("1", 0, 4), Boxes("2", 0, 4, x: 100)]);

        Assert.Equal(new TrackScore(2, 2, 0, 0, 0, 1, 1), score);
    }

    [Fact]
    public void Of_TrackThatBreaks_HasOneSwitch()
    {
        // Four boxes of A: two in track 1, two in track 2. IDTP is 2 of 4 + 4 boxes. All boxes are detected, and each
        // has an association of 2 / (4 + 2 - 2), so HOTA is the root of 1 * 0.5.
        var score = Score([Boxes("A", 0, 4)], [Boxes("1", 0, 2), Boxes("2", 2, 2)]);

        Assert.Equal((1, 0, 0), (score.Switches, score.Missed, score.Wrong));
        Assert.Equal(0.5, score.Idf1, 1e-9);
        Assert.Equal(Math.Sqrt(0.5), score.Hota, 1e-9);
    }

    [Fact]
    public void Of_TracksThatSwap_HaveTwoSwitches()
    {
        // Three frames right, then one swapped. IDTP is 6 of 8 + 8 boxes. Association: 6 boxes of 3 / (4 + 4 - 3), 2 of
        // 1 / (4 + 4 - 1).
        var score = Score(
            [Boxes("A", 0, 4), Boxes("B", 0, 4, x: 100)],
            [Boxes("1", 0, 3), Boxes("2", 0, 3, x: 100), Boxes("1", 3, 1, x: 100), Boxes("2", 3, 1)]);

        Assert.Equal((2, 0, 0), (score.Switches, score.Missed, score.Wrong));
        Assert.Equal(0.75, score.Idf1, 1e-9);
        Assert.Equal(Math.Sqrt(((6 * 0.6) + (2 / 7d)) / 8), score.Hota, 1e-9);
    }

    [Fact]
    public void Of_MissedAndWrongBoxes_AreCounted()
    {
        // A is found in 2 of 4 frames, and there is a track of 2 boxes where nothing is. IDF1 is 2 * 2 / (4 + 4);
        // detection 2 / (2 + 2 + 2), association 2 / 4.
        var score = Score([Boxes("A", 0, 4)], [Boxes("1", 0, 2), Boxes("2", 0, 2, x: 300)]);

        Assert.Equal((0, 2, 2), (score.Switches, score.Missed, score.Wrong));
        Assert.Equal(0.5, score.Idf1, 1e-9);
        Assert.Equal(Math.Sqrt(2 / 6d * 0.5), score.Hota, 1e-9);
    }

    [Fact]
    public void Of_InexactBoxes_CountInHotaUpToTheirOverlap()
    {
        // An overlap of 60 / 100 reaches 12 of the 19 overlaps from 0.05 to 0.95.
        var score = Score(
            [[new IdentifiedBox(0, "A", new PixelBox(0, 0, 10, 10))]],
            [[new IdentifiedBox(0, "1", new PixelBox(0, 0, 6, 10))]]);

        Assert.Equal((0, 0, 1d), (score.Missed, score.Wrong, score.Idf1));
        Assert.Equal(12 / 19d, score.Hota, 1e-9);
    }

    [Fact]
    public void Of_PairThatStillOverlaps_StaysTogetherBesideACloserTrack()
    {
        // In frame 1 track 2 is closer to A than track 1, which still overlaps it by 0.6: no switch, one wrong box.
        var score = Score(
            [Boxes("A", 0, 2)],
            [
                Boxes("1", 0, 1),
                [new IdentifiedBox(1, "1", new PixelBox(0, 0, 6, 10)),
                    new IdentifiedBox(1, "2", new PixelBox(0, 0, 10, 10))],
            ]);

        Assert.Equal((0, 0, 1), (score.Switches, score.Missed, score.Wrong));
    }

    [Fact]
    public void Of_BoxesInOtherFrames_AreIgnored() => Assert.Equal(
        new TrackScore(1, 1, 0, 0, 0, 1, 1),
        TrackScore.Of(
            new TrackTruth(Boxes("A", 0, 1), [0], []), [.. Boxes("1", 0, 5), .. Boxes("2", 3, 2, x: 50)]));

    [Fact]
    public void Of_IgnoredObject_NeitherHelpsNorHurts()
    {
        // Track 2 follows the ignored object B; track 3 has a box on A and beside it, where B is as well.
        var truth = new TrackTruth(
            Boxes("A", 0, 2), [0, 1], [.. Boxes("B", 0, 2, x: 50), .. Boxes("B", 1, 1, x: 1)]);

        Assert.Equal(
            new TrackScore(1, 1, 0, 0, 0, 1, 1),
            TrackScore.Of(truth, [.. Boxes("1", 0, 2), .. Boxes("2", 0, 2, x: 50)]));
        Assert.Equal(1, TrackScore.Of(truth, [.. Boxes("1", 0, 2), .. Boxes("3", 1, 1)]).Wrong);
    }

    [Fact]
    public void Of_FewerFrames_ScoresThemOnly() => Assert.Equal(
        (0, 0), (Partly(1).Missed, Partly(1).Wrong));

    [Fact]
    public void ParseMotChallenge_Rows_GivesFramesFromZeroWithoutIgnoredBoxes()
    {
        var truth = TrackTruth.ParseMotChallenge(
            ["1,7,10,20,30,40,1,-1,-1,-1", "2,7,11.5,20,30,40,1,-1,-1,-1", "", "3,8,1,2,3,4,0,-1,-1,-1"]);

        Assert.Equal(
            [new(0, "7", new PixelBox(10, 20, 30, 40)), new(1, "7", new PixelBox(11.5, 20, 30, 40))], truth.Boxes);
        Assert.Equal([new(2, "8", new PixelBox(1, 2, 3, 4))], truth.Ignored);
        Assert.Equal([0, 1, 2], truth.Frames.Order());
        Assert.Throws<InvalidDataException>(() => TrackTruth.ParseMotChallenge(["1,7,10,20"]));
    }

    [Fact]
    public void Sample_HasSevenPersonsInTheLabeledFrames()
    {
        var truth = TrackTruth.Sample();

        Assert.Equal(["A", "B", "C", "D", "E", "F", "G"], truth.Boxes.Select(box => box.Id).Distinct().Order());
        Assert.Equal((55, 10), (truth.Boxes.Count, truth.Frames.Count));
        Assert.Equal(truth.Boxes.Count, truth.Boxes.DistinctBy(box => (box.Frame, box.Id)).Count());
    }

    private static TrackScore Partly(int first) => TrackScore.Of(
        new TrackTruth(Boxes("A", 0, 3), [0, 1, 2], []), Boxes("1", first, 2), [.. Enumerable.Range(first, 2)]);

    private static TrackScore Score(IdentifiedBox[][] truth, IdentifiedBox[][] found) => TrackScore.Of(
        new TrackTruth(
            [.. truth.SelectMany(boxes => boxes)],
            [.. truth.Concat(found).SelectMany(boxes => boxes).Select(box => box.Frame).Distinct()],
            []),
        found.SelectMany(boxes => boxes));

    private static IdentifiedBox[] Boxes(string id, int first, int count, double x = 0) =>
        [.. Enumerable.Range(first, count).Select(frame => new IdentifiedBox(frame, id, new PixelBox(x, 0, 10, 10)))];
}
