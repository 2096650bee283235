using CsCheck;
using ForegSyte.Jobs.Tracking;

namespace ForegSyte.Jobs.Tests.Tracking;

/// <summary>Objects keep their track, and what is no object gets none that is published.</summary>
public sealed class ByteTrackerTests
{
    private const int Person = 0;
    private const int Car = 2;
    private const int Truck = 7;

    private static readonly Gen<TrackCandidate[]> Candidates =
        from count in Gen.Int[0, 6]
        from items in (
            from classId in Gen.Int[0, 2]
            from confidence in Gen.Double[0, 1]
            from x in Gen.Double[-50, 700]
            from y in Gen.Double[-50, 500]
            from height in Gen.Double[5, 150]
            select new TrackCandidate(classId, confidence, new TrackBox(x, y, height * 0.4, height))).Array[count]
        select items;

    [Fact]
    public void Update_CrossingObjects_KeepTheirTracks()
    {
        var run = Run(30, frame => [At(100 + (12 * frame), 200), At(460 - (12 * frame), 215)]);

        Assert.Equal(2, run.Tracks.Count);
        Assert.All(run.Ids, ids => Assert.Equal([1, 2], ids));
    }

    [Fact]
    public void Update_ObjectBehindAnother_KeepsItsTrackAndGetsInterpolatedBoxes()
    {
        // The second object stands still behind the first one from frame 10 to frame 24.
        var run = Run(40, frame => frame is >= 10 and < 25
            ? [At(300, 200)]
            : [At(300, 200), At(frame < 10 ? 380 - (8 * frame) : 300 - (8 * (frame - 24)), 200)]);

        Assert.Equal(2, run.Tracks.Count);
        Assert.Equal([1, 2], run.Ids[39]);
        Assert.Equal(
            Enumerable.Range(10, 15), run.Interpolated.Select(added => added.Point.FrameIndex));
        Assert.All(run.Interpolated, added => Assert.Equal((2, true), (added.TrackId, added.Point.IsInterpolated)));
    }

    [Fact]
    public void Update_TwoObjectsInOneBox_AppearanceTellsThemApartAfterwards()
    {
        var (blue, black) = (Colors(1), Colors(4));

        // One box for both from frame 10 to frame 19; then the one that came from the right goes on to the left.
        var run = Run(30, frame => frame switch
        {
            < 10 => [At(300, 200, appearance: black), At(400 - (10 * frame), 200, appearance: blue)],
            < 20 => [At(300, 200, appearance: black)],
            _ => [At(293 - (2 * (frame - 20)), 200, appearance: blue), At(314, 200, appearance: black)],
        });

        Assert.Equal([2, 1], run.Ids[29]);
    }

    [Fact]
    public void Update_HalfHiddenObject_KeepsItsTrackByUnconfidentDetections()
    {
        var run = Run(60, frame => [At(100 + (4 * frame), 200, confidence: frame is > 10 and < 50 ? 0.25 : 0.8)]);

        Assert.Equal(60, Assert.Single(run.Tracks).FramesSeen);
    }

    [Fact]
    public void Update_FastObjectsAtFewFrames_KeepTheirTracks()
    {
        // Three frames per second; each object moves by two thirds of its width from frame to frame.
        var run = Run(12, frame => [At(50 + (20 * frame), 100), At(650 - (20 * frame), 300)], framesPerSecond: 3);

        Assert.Equal([12, 12], run.Tracks.Select(track => track.FramesSeen));
    }

    [Fact]
    public void Update_ObjectThatLeftTheFrame_IsNotTheOneThatEntersLater()
    {
        var run = Run(40, frame => frame switch
        {
            < 15 => [At(600 + (12 * frame), 200)],
            < 25 => [],
            _ => [At(700 - (12 * (frame - 25)), 200)],
        });

        Assert.Equal([(0, 14), (25, 39)], run.Tracks.Select(track => (track.First.FrameIndex, track.Last.FrameIndex)));
    }

    [Fact]
    public void Update_StaticThingMostlyBelowTheConfidence_IsNotPublished()
    {
        Assert.Empty(Run(100, frame => [At(300, 400, confidence: frame % 8 == 0 ? 0.47 : 0.4)]).Tracks);

        // Confident for three seconds of a minute: a detector that is wrong once is not believed about a thing at rest.
        Assert.Empty(Run(600, frame => [At(300, 400, confidence: frame is > 100 and < 130 ? 0.55 : 0.4)]).Tracks);
    }

    [Fact]
    public void Update_ParkedCarJustAboveTheConfidence_IsPublishedOnceUnderTheVotedClass()
    {
        var run = Run(100, frame => [At(650, 45, confidence: 0.5, classId: frame % 3 == 0 ? Truck : Car)]);

        var track = Assert.Single(run.Tracks);
        Assert.Equal((Car, 100), (track.ClassId, track.FramesSeen));
    }

    [Fact]
    public void Update_FlickerOfOneFrame_IsNotPublished() =>
        Assert.Empty(Run(50, frame => frame % 10 == 0 ? [At(300, 200, confidence: 0.9)] : []).Tracks);

    [Fact]
    public void Update_IrregularAndEqualTimes_KeepTheTrack()
    {
        double[] times = [0, 0.1, 0.1, 0.1, 0.35, 0.4, 1, 1, 0.9, 1.1, 1.6, 1.61];
        var tracker = new ByteTracker(new TrackerOptions(), 768, 576);
        foreach (var (frame, time) in times.Index())
        {
            var ids = tracker.Update(frame * 7, time, [At(100 + (40 * time), 200)]).TrackIds;
            Assert.Equal([1], ids);
        }

        var track = Assert.Single(tracker.Finish());
        Assert.Equal((12, 0d, 1.61), (track.FramesSeen, track.First.Time, track.Last.Time));
    }

    [Fact]
    public void Update_TimesThatStandStill_EndHiddenTracks()
    {
        var tracker = new ByteTracker(new TrackerOptions { MaxHiddenFrames = 5 }, 768, 576);
        for (var frame = 0; frame < 20; frame++)
        {
            tracker.Update(frame, 0, frame < 5 ? [At(100, 200)] : []);
        }

        Assert.Empty(tracker.Tracks);
    }

    [Fact]
    public void Update_LongTrack_HasABoundedPathFromFirstToLast()
    {
        var track = Assert.Single(Run(1000, frame => [At(100 + (0.5 * frame), 200)]).Tracks);

        var frames = track.Path.Select(point => point.FrameIndex).ToList();
        Assert.InRange(frames.Count, 32, 64);
        Assert.Equal((0, 999), (frames[0], frames[^1]));
        Assert.Equal(frames.Order().Distinct(), frames);
    }

    /// <summary>Adaptive sampling: a detector looks at every fifth frame.</summary>
    [Fact]
    public void Update_FollowedFrames_KeepTheTracksAndAreNoEvidence()
    {
        var tracker = new ByteTracker(new TrackerOptions(), 768, 576);
        var ids = new List<IReadOnlyList<int>>();
        for (var frame = 0; frame < 30; frame++)
        {
            // Each moves by more than its width between two looks, and a stain is seen once.
            TrackCandidate[] seen = [At(100 + (12 * frame), 200), At(600 - (12 * frame), 200)];
            ids.Add(tracker.Update(
                frame, frame / 10d, frame < 5 ? [.. seen, At(300, 450)] : seen, isFollowed: frame % 5 != 0).TrackIds);
        }

        Assert.All(ids, found => Assert.Equal([1, 2], found.Take(2)));
        var tracks = tracker.Finish();
        Assert.Equal([(1, 6), (2, 6)], tracks.Select(track => (track.Id, track.FramesSeen)));
    }

    [Fact]
    public void Update_FollowedFrames_BeginNoTrack()
    {
        var tracker = new ByteTracker(new TrackerOptions(), 768, 576);

        Assert.Equal([0], tracker.Update(0, 0, [At(100, 200)], isFollowed: true).TrackIds);
        Assert.Empty(tracker.Tracks);
    }

    [Fact]
    public void Update_FrameOfThePast_IsRefused()
    {
        var tracker = new ByteTracker(new TrackerOptions(), 768, 576);
        tracker.Update(3, 0.3, []);

        Assert.Throws<ArgumentOutOfRangeException>(() => tracker.Update(3, 0.4, []));
    }

    [Fact]
    public void Update_BrokenBoxes_GetNoTrack()
    {
        var tracker = new ByteTracker(new TrackerOptions(), 768, 576);

        var ids = tracker.Update(
            0,
            0,
            [
                new(Person, 0.9, new TrackBox(1, 1, 0, 50)), new(Person, 0.9, new TrackBox(double.NaN, 1, 20, 50)),
                new(Person, double.NaN, new TrackBox(1, 1, 20, 50)), At(100, 100),
            ]).TrackIds;

        Assert.Equal([0, 0, 0, 1], ids);
    }

    [Fact]
    public void Update_SameFramesAgainUpToAnyPoint_GiveTheSameResult() =>
        Gen.Select(Candidates.Array[1, 40], Gen.Int[0, 39]).Sample((frames, end) =>
        {
            var whole = Log(frames);

            // What is known after a part of the frames does not depend on the frames that follow.
            var part = Log(frames[..Math.Min(end, frames.Length)]);
            Assert.Equal(whole[..part.Length], part);
        });

    [Fact]
    public void Update_AnyCandidates_EveryTrackIsReportedOnceAndHoldsItsCandidates() =>
        Candidates.Array[1, 60].Sample(frames =>
        {
            var run = Run(frames.Length, frame => frames[frame]);

            Assert.Equal(run.Tracks.Select(track => track.Id).Distinct(), run.Tracks.Select(track => track.Id));
            Assert.All(run.Ids, ids => Assert.Equal(ids.Where(id => id > 0).Distinct(), ids.Where(id => id > 0)));
            Assert.All(run.Tracks, track => Assert.Equal(
                run.Ids.Count(ids => ids.Contains(track.Id)), track.FramesSeen));
        });

    /// <summary>The options of a pipeline with the confidence 0.45 for a job with the min_confidence 0.9.</summary>
    [Fact]
    public void Update_HighMinimumConfidence_PublishesWhatIsAboveIt()
    {
        var tracker = new ByteTracker(
            new TrackerOptions { Confidence = 0.9, MinEvidence = 0.2 * (1 - 0.9) / (1 - 0.45) }, 768, 576);
        for (var frame = 0; frame < 3; frame++)
        {
            tracker.Update(frame, frame / 10d, [At(300, 200, confidence: 0.95)]);
        }

        Assert.Equal(3, Assert.Single(tracker.Finish()).FramesSeen);
    }

    [Fact]
    public void Update_MoreTracksThanTheLimit_EndsThoseNotSeenForTheLongest()
    {
        var tracker = new ByteTracker(new TrackerOptions { MaxLiveTracks = 2 }, 768, 576);
        for (var frame = 0; frame < 10; frame++)
        {
            tracker.Update(frame, frame / 10d, frame < 9 ? [At(100, 200), At(600, 200)] : [At(600, 200)]);
        }

        var third = tracker.Update(10, 1, [At(350, 200)]);
        var (seen, last) = (Assert.Single(third.Ended), tracker.Tracks.Select(track => track.Id));
        Assert.Equal((1, 9, 8), (seen.Id, seen.FramesSeen, seen.Last.FrameIndex));
        Assert.Equal([2, 3], last);

        // Of equals the lowest ids end; a track of one frame is not published.
        var many = tracker.Update(11, 1.1, [At(100, 50), At(250, 50), At(400, 50)]);
        Assert.Equal([4, 5, 6], many.TrackIds);
        Assert.Equal([2], many.Ended.Select(track => track.Id));
        Assert.Equal([5, 6], tracker.Tracks.Select(track => track.Id));
    }

    [Theory]
    [InlineData(-0.1, 3, "CandidateConfidence is -0.1; set it to 0 to 1.")]
    [InlineData(0.5, 3, "CandidateConfidence is 0.5; set it to at most Confidence, 0.45.")]
    [InlineData(double.NaN, 3, "CandidateConfidence is NaN; set it to 0 to 1.")]
    [InlineData(0.2, 2, "MaxPathPoints is 2; set it to 3 to 10000.")]
    public void Mistakes_ValueOutOfRange_NamesTheOptionAndItsRange(double confidence, int points, string expected) =>
        Assert.Equal(
            [expected],
            new TrackerOptions { CandidateConfidence = confidence, MaxPathPoints = points }.Mistakes());

    private static TrackCandidate At(
        double x, double y, double confidence = 0.8, int classId = Person, byte[]? appearance = null) =>
        new(classId, confidence, new TrackBox(x, y, 30, 80), appearance);

    private static byte[] Colors(int bin) =>
        [.. Enumerable.Range(0, Appearance.Length).Select(index => (byte)(index % 8 == bin ? 200 : 8))];

    private static string[] Log(TrackCandidate[][] frames)
    {
        var tracker = new ByteTracker(new TrackerOptions(), 768, 576);
        return [.. frames.Index().Select(pair =>
        {
            var result = tracker.Update(pair.Index, pair.Index / 10d, pair.Item);
            return string.Join(
                '|',
                string.Join(',', result.TrackIds),
                string.Join(',', result.Interpolated),
                string.Join(',', result.Ended.Select(track => $"{track} {string.Join(',', track.Path)}")));
        })];
    }

    private static (List<ObjectTrack> Tracks, List<IReadOnlyList<int>> Ids, List<AddedPoint> Interpolated) Run(
        int frames, Func<int, TrackCandidate[]> candidates, double framesPerSecond = 10)
    {
        var tracker = new ByteTracker(new TrackerOptions(), 768, 576);
        var (tracks, ids, interpolated) =
            (new List<ObjectTrack>(), new List<IReadOnlyList<int>>(), new List<AddedPoint>());
        for (var frame = 0; frame < frames; frame++)
        {
            var result = tracker.Update(frame, frame / framesPerSecond, candidates(frame));
            tracks.AddRange(result.Ended);
            ids.Add(result.TrackIds);
            interpolated.AddRange(result.Interpolated);
        }

        tracks.AddRange(tracker.Finish());
        return ([.. tracks.OrderBy(track => track.Id)], ids, interpolated);
    }
}
