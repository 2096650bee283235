using CsCheck;
using ForegSyte.Jobs.Tracking;
using ForegSyte.Protocol.Tracking;
using ForegSyte.V1;

namespace ForegSyte.Jobs.Tests.Tracking;

/// <summary>A text keeps its track while it can be read, and what is no text gets none that is published.</summary>
public sealed class TextTrackerTests
{
    private const int FramesPerSecond = 10;

    private static readonly string[] Words = ["GATE 07", "GATE O7", "NORTH", "EXIT", "--", "07"];

    private static readonly Gen<TextRegion[]> Regions =
        from count in Gen.Int[0, 5]
        from items in (
            from text in Gen.Int[0, Words.Length - 1].Select(index => Words[index])
            from confidence in Gen.Double[0.3, 1]
            from x in Gen.Double[-20, 500]
            from y in Gen.Double[-20, 400]
            from height in Gen.Double[0, 40]
            from slope in Gen.Double[-0.5, 0.5]
            select Line(text, x, y, confidence, height, slope)).Array[count]
        select items;

    [Fact]
    public void Update_TextAtOnePlace_IsOneTrackWithItsTimes()
    {
        var run = Run(20, frame => frame is >= 3 and <= 12 ? [Line("GATE 07", 100, 50)] : []);

        var track = Assert.Single(run.Tracks);
        Assert.Equal(
            (1, "GATE 07", 10, 3, 300u, 12, 1200u, false),
            (track.TrackId, track.Text, track.FramesSeen, track.First.FrameIndex, track.First.FrameTimestampMs,
                track.Last.FrameIndex, track.Last.FrameTimestampMs, track.Live));
        Assert.Equal(Line("GATE 07", 100, 50).Polygon, track.First.Polygon);
        Assert.Equal(0.9f, track.Confidence, 1e-5);
    }

    [Fact]
    public void Update_EqualSignsSideBySide_StayTwo()
    {
        // The second sign is 1.5 heights below the first one, and either is hidden for a while.
        var run = Run(60, frame =>
        [
            .. frame is > 10 and < 25 ? Array.Empty<TextRegion>() : [Line("EXIT", 100, 50)],
            .. frame is > 20 and < 40 ? Array.Empty<TextRegion>() : [Line("EXIT", 100, 80)],
            Line("EXIT", 190, 50),
        ]);

        Assert.Equal([1, 2, 3], run.Ids[0]);
        Assert.Equal([1, 2, 3], run.Ids[59]);
        Assert.Equal(3, run.Tracks.Count);
    }

    [Fact]
    public void Update_SignInAPanningPicture_IsOneTrack()
    {
        // 200 pixels a second, 10 heights; every third frame is looked at.
        var run = Run(40, frame => [Line("GATE 07 NORTH", 40 + (20 * frame), 50 + (3 * frame))], stride: 3);

        Assert.Single(run.Tracks);
    }

    [Fact]
    public void Update_HiddenTextThatReappearsElsewhere_KeepsItsTrack()
    {
        var run = Run(40, frame => frame switch
        {
            < 10 => [Line("GATE 07", 100, 50)],
            < 25 => [],
            _ => [Line("GATE 07", 160, 70)],
        });

        Assert.Single(run.Tracks);
    }

    [Fact]
    public void Update_TextHiddenForLongerThanTheLimit_BeginsATrack()
    {
        var run = Run(80, frame => frame is > 10 and < 50 ? [] : [Line("GATE 07", 100, 50)]);

        Assert.Equal([(0, 10), (50, 79)], run.Tracks.Select(Frames));
    }

    [Fact]
    public void Update_SignHalfHiddenByAPasserBy_IsOneTrackAndTheWholeReadingWins()
    {
        var run = Run(60, frame => frame switch
        {
            >= 10 and < 20 => [Line("GATE 07", 100, 50)],
            >= 20 and < 30 => [Line("NORTH", 188, 50)],
            >= 30 and < 35 => [Line("GATE", 100, 50), Line("NORTH", 188, 50)],
            _ => [Line("GATE 07 NORTH", 100, 50)],
        });

        var track = Assert.Single(run.Tracks);
        Assert.Equal(("GATE 07 NORTH", 60), (track.Text, track.FramesSeen));
        Assert.Equal([1, 1], run.Ids[32]);
        Assert.Equal(35, track.Readings[0].FrameCount);
    }

    [Fact]
    public void Update_TwoLinesThatWereJoinedOnce_StayTwoWhileTheyMove()
    {
        var run = Run(60, frame => frame == 0
            ? [Line("EXIT 12", 100, 50)]
            : [Line("EXIT", 100 + frame, 50 + (4 * frame)), Line("12", 155 + frame, 50 + (4 * frame))]);

        Assert.Equal(["EXIT", "12"], run.Tracks.OrderBy(track => track.TrackId).Select(track => track.Text));
    }

    [Fact]
    public void Update_SignThatIsUncovered_IsOneTrackFromItsFirstPart()
    {
        var run = Run(20, frame => frame < 5 ? [Line("NORTH", 188, 50)] : [Line("GATE 07 NORTH", 100, 50)]);

        Assert.Equal((0, 19), Frames(Assert.Single(run.Tracks)));
    }

    [Fact]
    public void Update_Misreadings_AreOutvotedByConfidence()
    {
        // The misreading is in more frames, the right one is surer.
        var run = Run(21, frame => [frame % 2 == 0
            ? Line("GATE O7", 100, 50, confidence: 0.55)
            : Line("GATE 07", 100, 50, confidence: frame == 11 ? 0.99 : 0.9)]);

        var track = Assert.Single(run.Tracks);
        Assert.Equal(("GATE 07", 11), (track.Text, track.Best.FrameIndex));
        Assert.Equal(0.909f, track.Confidence, 1e-3);
        Assert.Equal(
            [("GATE O7", 11), ("GATE 07", 10)], track.Readings.Select(item => (item.Text, item.FrameCount)));
    }

    [Fact]
    public void Update_MoreReadingsThanAreCounted_TheRightOneWins()
    {
        var run = Run(300, frame => [Line(frame % 3 == 0 ? "GATE 07 NORTH" : $"GATE 07 N{frame:000}", 100, 50)]);

        var track = Assert.Single(run.Tracks);
        Assert.Equal(("GATE 07 NORTH", 300, 10), (track.Text, track.FramesSeen, track.Readings.Count));
        Assert.Equal(100, track.Readings[0].FrameCount);
    }

    [Fact]
    public void Update_Clock_IsOneTrackWithManyReadings()
    {
        var run = Run(500, frame => [Line($"12:00:{frame / FramesPerSecond:00}", 100, 50)]);

        var track = Assert.Single(run.Tracks);
        Assert.Equal(("12:00:00", 10), (track.Text, track.Readings.Count));
    }

    [Fact]
    public void Update_DisplayThatChangesItsText_BeginsATrackForEachText()
    {
        var run = Run(60, frame => [Line(frame < 30 ? "ARRIVALS" : "KEEP LEFT", 100, 50)]);

        Assert.Equal(
            [("ARRIVALS", 29), ("KEEP LEFT", 59)], run.Tracks.Select(track => (track.Text, Frames(track).Last)));
    }

    [Fact]
    public void Update_WeakFlicker_IsNotPublished()
    {
        Assert.Empty(Run(50, frame => frame == 20 ? [Line("Il1", 100, 50, confidence: 0.7)] : []).Tracks);
        Assert.Empty(Run(50, frame => [Line("Il1", 100, 50, confidence: frame % 3 == 0 ? 0.6 : 0.4)]).Tracks);

        // One frame is enough if the recognizer is sure: at a large stride a sign has no more.
        Assert.Single(Run(50, frame => frame == 20 ? [Line("EXIT", 100, 50, confidence: 0.97)] : []).Tracks);
    }

    [Fact]
    public void Update_TextOnAnObject_NamesTheObjectOfMostFrames()
    {
        var tracker = new TextTracker(new TextTrackerOptions(), 768, 576);
        for (var frame = 0; frame < 10; frame++)
        {
            tracker.Update(frame, (uint)(100 * frame), [Line("TAXI", 100, 50)], [frame < 3 ? 0 : frame < 5 ? 9 : 4]);
        }

        Assert.Equal(4, Assert.Single(tracker.Finish()).ObjectTrackId);
    }

    [Fact]
    public void Live_HasThePublishedTracksAsTheyAre()
    {
        var tracker = new TextTracker(new TextTrackerOptions(), 768, 576);
        tracker.Update(0, 0, [Line("EXIT", 100, 50), Line("l1", 300, 300, confidence: 0.6)], [0, 0]);
        tracker.Update(1, 100, [Line("EXIT", 100, 50)], [0]);

        var live = Assert.Single(tracker.Live);
        Assert.Equal((true, 2, 1), (live.Live, live.FramesSeen, live.TrackId));
        Assert.Empty(tracker.TakeEnded());
    }

    [Fact]
    public void Update_MoreTextsThanTheLimit_EndsThoseHiddenForTheLongestTime()
    {
        var tracker = new TextTracker(new TextTrackerOptions { MaxLiveTracks = 2 }, 768, 576);
        tracker.Update(0, 0, [Line("ONE", 100, 50), Line("TWO", 100, 150)], [0, 0]);
        tracker.Update(1, 100, [Line("TWO", 100, 150), Line("THREE", 100, 250)], [0, 0]);
        tracker.Update(2, 200, [Line("TWO", 100, 150), Line("THREE", 100, 250)], [0, 0]);

        Assert.Equal(["TWO", "THREE"], tracker.Live.Select(track => track.Text));
    }

    [Fact]
    public void Update_AnyFrames_EachTrackAndRegionAreConsistentAndRepeatable() =>
        Regions.Array[1, 25].Sample(frames =>
        {
            var first = Run(frames.Length, frame => frames[frame]);
            var second = Run(frames.Length, frame => frames[frame]);
            Assert.Equal(first.Ids, second.Ids);
            Assert.Equal(first.Tracks, second.Tracks);
            var counts = first.Ids.SelectMany(ids => ids.Distinct()).CountBy(id => id).ToDictionary();
            Assert.All(first.Tracks, track =>
            {
                Assert.InRange(track.FramesSeen, 1, counts[track.TrackId]);
                Assert.InRange(track.Best.FrameIndex, track.First.FrameIndex, track.Last.FrameIndex);
                Assert.Contains(track.Readings, reading => reading.Text == track.Text);
                Assert.InRange(track.Confidence, 0, 1);
            });
            Assert.Equal(first.Tracks.Select(track => track.TrackId).Distinct().Count(), first.Tracks.Count);
            for (var frame = 0; frame < frames.Length; frame++)
            {
                Assert.Equal(
                    frames[frame].Select(region => TextLine.Of(region.Polygon) is not null),
                    first.Ids[frame].Select(id => id > 0));
            }
        });

    [Fact]
    public void Update_FramesFedAgainFromTheStart_GivesTheSameTracks() =>
        Gen.Select(Regions.Array[2, 20], Gen.Int[1, 19]).Sample((frames, cut) =>
        {
            var resumed = new TextTracker(new TextTrackerOptions(), 768, 576);
            for (var frame = 0; frame < Math.Min(cut, frames.Length); frame++)
            {
                resumed.Update(frame, (uint)(100 * frame), frames[frame], new int[frames[frame].Length]);
            }

            // Reading the live tracks in between changes nothing.
            _ = resumed.Live;
            for (var frame = Math.Min(cut, frames.Length); frame < frames.Length; frame++)
            {
                resumed.Update(frame, (uint)(100 * frame), frames[frame], new int[frames[frame].Length]);
            }

            Assert.Equal(
                Run(frames.Length, frame => frames[frame]).Tracks.OrderBy(track => track.TrackId),
                resumed.Finish().OrderBy(track => track.TrackId));
        });

    [Fact]
    public void Options_DefaultsAreThoseOfTheParameters() =>
        Assert.Equal(TextTrackerOptions.From(new TextTracking()), new TextTrackerOptions());

    [Fact]
    public void Options_OutOfRange_NamesTheParameterAndItsRange()
    {
        var failure = Assert.Throws<ArgumentException>(
            () => new TextTracker(new TextTrackerOptions { MaxHiddenSeconds = 61 }, 768, 576));

        Assert.Contains("max_hidden_seconds is 61; it must be 0 to 60.", failure.Message, StringComparison.Ordinal);
        Assert.Equal(
            TrackingParameters.Texts.Count,
            new TextTrackerOptions
            {
                Growth = -1,
                MinOverlap = -1,
                MinSimilarity = -1,
                MinFarSimilarity = -1,
                MinFarLength = -1,
                Reach = -1,
                ReachSpeed = -1,
                MaxReach = -1,
                MaxHiddenSeconds = -1,
                MaxLeavingSeconds = -1,
                MaxHiddenFrames = -1,
                Confidence = -1,
                MinEvidence = -1,
                MaxLiveTracks = -1,
            }.Mistakes().Count());
    }

    private static (int First, int Last) Frames(TextTrack track) => (track.First.FrameIndex, track.Last.FrameIndex);

    private static (List<int[]> Ids, List<TextTrack> Tracks) Run(
        int frames, Func<int, TextRegion[]> regions, int stride = 1)
    {
        var tracker = new TextTracker(new TextTrackerOptions(), 768, 576);
        var (ids, tracks) = (new List<int[]>(), new List<TextTrack>());
        for (var frame = 0; frame < frames; frame += stride)
        {
            var found = regions(frame);
            ids.Add(tracker.Update(frame, (uint)(frame * 1000 / FramesPerSecond), found, new int[found.Length]));
            tracks.AddRange(tracker.TakeEnded());
        }

        tracks.AddRange(tracker.Finish());
        return (ids, tracks);
    }

    /// <summary>A line whose characters are 0.55 heights wide, from its top left corner.</summary>
    private static TextRegion Line(
        string text, double x, double y, double confidence = 0.9, double height = 20, double slope = 0)
    {
        var width = text.Length * height * 0.55;
        return new TextRegion
        {
            Text = text,
            Confidence = (float)confidence,
            Polygon =
            {
                Corner(x, y), Corner(x + width, y + (slope * width)),
                Corner(x + width, y + height + (slope * width)), Corner(x, y + height),
            },
        };

        static Point Corner(double x, double y) => new() { X = (float)x, Y = (float)y };
    }
}
