using ForegSyte.Jobs.Tests.Tracks;
using ForegSyte.Jobs.Tracking;
using ForegSyte.V1;
using Google.Protobuf;
using ObjectTrack = ForegSyte.V1.ObjectTrack;

namespace ForegSyte.Jobs.Tests.Tracking;

/// <summary>The tracks of <see cref="MovingObjects"/>.</summary>
public sealed class VideoTrackerTests
{
    private static readonly VideoInfo Video = new() { Width = MovingObjects.Width, Height = MovingObjects.Height };

    private static readonly Zone Middle = new()
    {
        Id = "middle",
        Area = new RelativePolygon
        {
            Points = { Point(0.25, 0), Point(0.4, 0), Point(0.4, 1), Point(0.25, 1) },
        },
    };

    private static readonly CountingLine Line = new() { Id = "line", Start = Point(0.3, 1), End = Point(0.3, 0) };

    [Fact]
    public void Finish_AfterAllFrames_GivesObjectsTextsAndShots()
    {
        var (ended, _) = Run(Create(), 0, 100);

        var objects = ended.OfType<ObjectTrack>().OrderBy(track => track.TrackId).ToList();
        Assert.Equal(["person", "car"], objects.Select(track => track.Label));
        Assert.Equal([(0, 59), (30, 99)], objects.Select(track => (track.First.FrameIndex, track.Last.FrameIndex)));
        Assert.Equal([56, 70], objects.Select(track => track.FramesSeen));
        Assert.Equal((5_900u, MovingObjects.PersonAt(59)), (objects[0].Last.FrameTimestampMs, objects[0].Last.Box));
        Assert.Equal(0.78, objects[0].Confidence, 0.02);
        Assert.DoesNotContain(objects, track => track.Live);

        var text = Assert.Single(ended.OfType<TextTrack>());
        Assert.Equal((MovingObjects.Sign, 10, 89, 80), (
            text.Text, text.First.FrameIndex, text.Last.FrameIndex, text.FramesSeen));
        Assert.Equal(
            [(1, 0, MovingObjects.Cut - 1), (2, MovingObjects.Cut, 99)],
            ended.OfType<Shot>().Select(shot => (shot.Number, shot.FirstFrameIndex, shot.LastFrameIndex)));
    }

    [Fact]
    public void TakeFrames_FramesWithoutADetection_HaveTheBoxBetween()
    {
        var (ended, frames) = Run(Create(), 0, 100);

        var person = ended.OfType<ObjectTrack>().Single(track => track.Label == "person").TrackId;
        Assert.Equal(Enumerable.Range(0, 100), frames.Select(frame => frame.FrameIndex));
        var gap = frames.Where(frame => frame.Boxes.Count > 0).ToList();
        Assert.Equal([20, 21, 22, 23, 24], gap.Select(frame => frame.FrameIndex));
        Assert.All(gap, frame =>
        {
            var box = Assert.Single(frame.Boxes);
            Assert.Equal(person, box.TrackId);
            Assert.Equal(MovingObjects.PersonAt(frame.FrameIndex).X, box.Box.X, 0.01);
        });
        Assert.All(frames.Take(20), frame => Assert.Equal([person], frame.ObjectIds));
    }

    [Fact]
    public void Add_ZonesAndLines_AreInTheTrack()
    {
        var (ended, _) = Run(Create([Middle], [Line]), 0, 100);

        var person = ended.OfType<ObjectTrack>().Single(track => track.Label == "person");
        var visit = Assert.Single(person.ZoneVisits);
        Assert.Equal(("middle", 1), (visit.ZoneId, visit.Entries));
        Assert.InRange(visit.DurationMs, 1_500u, 2_500u);
        var crossing = Assert.Single(person.LineCrossings);
        Assert.Equal(("line", CrossingDirection.Right), (crossing.LineId, crossing.Direction));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(23)]
    [InlineData(40)]
    [InlineData(75)]
    public void Live_AtAnyFrame_IsWhatEndsThere(int count)
    {
        var tracker = Create();
        var (ended, _) = Feed(tracker, 0, count);
        var live = tracker.Live.ToList();
        tracker.Finish();

        foreach (var track in live)
        {
            track.Descriptor.FindFieldByName("live").Accessor.SetValue(track, false);
        }

        Assert.Equal(
            Sorted([.. ended, .. live]), Sorted([.. ended, .. tracker.TakeEnded()]));
    }

    [Fact]
    public void Finish_BeforeAGap_EndsTracksAndNumbersGoOn()
    {
        var tracker = Create();
        var (before, _) = Feed(tracker, 0, 40);
        tracker.Finish();
        before.AddRange(tracker.TakeEnded());
        var (after, frames) = Run(tracker, 45, 60);

        Assert.Equal(["person", "car"], Objects(before).Select(track => track.Label));
        Assert.Equal(["person", "car"], Objects(after).Select(track => track.Label));
        Assert.Equal(4, Objects([.. before, .. after]).Select(track => track.TrackId).Distinct().Count());
        Assert.Equal([1, 2], before.Concat(after).OfType<Shot>().Select(shot => shot.Number));
        Assert.DoesNotContain(frames, frame => frame.Boxes.Count > 0);
    }

    [Fact]
    public void Add_WithoutObservations_FollowsTheDetections()
    {
        var tracker = Create();
        var ended = new List<IMessage>();
        for (var index = 0; index < 100; index++)
        {
            tracker.Add(Frame(index), observations: null);
            ended.AddRange(tracker.TakeEnded());
        }

        tracker.Finish();
        ended.AddRange(tracker.TakeEnded());

        Assert.Equal([55, 70], Objects(ended).Select(track => track.FramesSeen));
        Assert.Equal((0, 99), (
            Assert.Single(ended.OfType<Shot>()).FirstFrameIndex, ended.OfType<Shot>().Single().LastFrameIndex));
    }

    [Fact]
    public void Create_ParameterOutOfRange_IsRefused()
    {
        var tracking = MovingObjects.Tracking.Clone();
        tracking.Objects.Parameters["min_frames"] = -1;

        var refused = Assert.Throws<ArgumentException>(() => new VideoTracker(tracking, Video, [], []));
        Assert.Contains("min_frames", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Of_AllParameters_ReachTheOptions()
    {
        Assert.Equal(new TrackerOptions(), TrackerOptions.From(new ObjectTracking()));
        foreach (var parameter in Protocol.Tracking.TrackingParameters.Objects)
        {
            var objects = new ObjectTracking();
            var changed = parameter.Default == parameter.Maximum ? parameter.Minimum : parameter.Maximum;
            objects.Parameters[parameter.Name] = changed;
            Assert.NotEqual(TrackerOptions.From(new ObjectTracking()), TrackerOptions.From(objects));
        }
    }

    private static VideoTracker Create(IReadOnlyList<Zone>? zones = null, IReadOnlyList<CountingLine>? lines = null) =>
        new(MovingObjects.Tracking, Video, zones ?? [], lines ?? []);

    private static (List<IMessage> Ended, List<TrackedFrame> Frames) Run(VideoTracker tracker, int from, int to)
    {
        var (ended, frames) = Feed(tracker, from, to);
        tracker.Finish();
        return ([.. ended, .. tracker.TakeEnded()], [.. frames, .. tracker.TakeFrames()]);
    }

    private static (List<IMessage> Ended, List<TrackedFrame> Frames) Feed(VideoTracker tracker, int from, int to)
    {
        var (ended, frames) = (new List<IMessage>(), new List<TrackedFrame>());
        for (var index = from; index < to; index++)
        {
            tracker.Add(Frame(index), MovingObjects.At(index).Observations);
            ended.AddRange(tracker.TakeEnded());
            frames.AddRange(tracker.TakeFrames());
        }

        return (ended, frames);
    }

    private static FrameResult Frame(int index) => new()
    {
        FrameIndex = index,
        FrameTimestampMs = (uint)index * 100,
        Result = MovingObjects.At(index).Result,
    };

    private static List<ObjectTrack> Objects(IEnumerable<IMessage> tracks) =>
        [.. tracks.OfType<ObjectTrack>().OrderBy(track => track.TrackId)];

    private static IEnumerable<string> Sorted(IEnumerable<IMessage> tracks) =>
        tracks.Select(track => track.Descriptor.Name + track).Order(StringComparer.Ordinal);

    private static RelativePoint Point(double x, double y) => new() { X = x, Y = y };
}
