using CsCheck;
using ForegSyte.Jobs.Tracking;
using ForegSyte.V1;

namespace ForegSyte.Jobs.Tests.Tracking;

/// <summary>Zones and lines in a frame of 1000 x 500 pixels; an object is 100 high, so its margin is 10.</summary>
public sealed class ZoneCounterTests
{
    private const int Track = 7;

    [Fact]
    public void Of_ObjectThatWalksThroughAZone_HasItsTimesThere()
    {
        var counter = new ZoneCounter([Square("door", 0.4, 0.6)], [], 1000, 500);
        Walk(counter, [.. Enumerable.Range(0, 11).Select(step => (100 * step, 250))]);

        // Inside from x = 400 to 600, exclusive of the right edge, and then 10 pixels for the margin.
        var visit = Assert.Single(counter.Of(Track).Visits);
        Assert.Equal(
            ("door", 1, 200u, 4, 400u),
            (visit.ZoneId, visit.Entries, visit.DurationMs, visit.FirstFrameIndex, visit.FirstTimestampMs));
    }

    [Fact]
    public void Of_JitterAtTheEdgeOfAZone_IsOneEntry()
    {
        var counter = new ZoneCounter([Square("door", 0.4, 0.6)], [], 1000, 500);
        Walk(counter, [.. Enumerable.Range(0, 40).Select(step => (step % 2 == 0 ? 403 : 395, 250))]);

        Assert.Equal((1, 3900u), (Visit(counter).Entries, Visit(counter).DurationMs));
    }

    [Fact]
    public void Of_ObjectThatComesBack_HasTwoEntriesAndTheSumOfItsTimes()
    {
        var counter = new ZoneCounter([Square("door", 0.4, 0.6)], [], 1000, 500);
        Walk(counter, [(500, 250), (500, 250), (700, 250), (700, 250), (500, 250), (500, 250), (500, 250)]);

        Assert.Equal((2, 300u, 0), (Visit(counter).Entries, Visit(counter).DurationMs, Visit(counter).FirstFrameIndex));
    }

    [Fact]
    public void Of_GapBetweenDetectionsInsideAZone_CountsAsInside()
    {
        var counter = new ZoneCounter([Square("door", 0.4, 0.6)], [], 1000, 500);
        counter.Update(Track, 0, 0, Box(500, 250));
        counter.Update(Track, 30, 3000, Box(520, 250));

        Assert.Equal(3000u, Visit(counter).DurationMs);
    }

    [Fact]
    public void Of_ConcaveZone_DoesNotCountItsNotch()
    {
        var zone = new Zone
        {
            Id = "u",
            Area = new RelativePolygon
            {
                Points = { At(0, 0), At(1, 0), At(1, 1), At(0.7, 1), At(0.7, 0.2), At(0.3, 0.2), At(0.3, 1), At(0, 1) },
            },
        };
        var counter = new ZoneCounter([zone], [], 1000, 500);
        Walk(counter, [(500, 400)]);
        Assert.Empty(counter.Of(Track).Visits);

        Walk(counter, [(100, 400)]);
        Assert.Single(counter.Of(Track).Visits);
    }

    [Theory]
    [InlineData(false, CrossingDirection.Right)]
    [InlineData(true, CrossingDirection.Left)]
    public void Of_ObjectThatCrossesALine_HasTheDirectionSeenFromItsStart(bool isReversed, CrossingDirection expected)
    {
        // The line goes upwards (or downwards); the object walks from left to right in the picture.
        var (start, end) = isReversed ? (0.1, 0.9) : (0.9, 0.1);
        var counter = new ZoneCounter([], [Border("gate", 0.5, start, 0.5, end)], 1000, 500);
        Walk(counter, [(450, 250), (480, 250), (505, 250), (540, 250)]);

        var crossing = Assert.Single(counter.Of(Track).Crossings);
        Assert.Equal(
            ("gate", expected, 2, 200u),
            (crossing.LineId, crossing.Direction, crossing.FrameIndex, crossing.FrameTimestampMs));
    }

    [Fact]
    public void Of_JitterOnALine_IsOneCrossingAtMost()
    {
        var counter = new ZoneCounter([], [Border("gate", 0.5, 0.9, 0.5, 0.1)], 1000, 500);
        Walk(counter, [(450, 250), .. Enumerable.Range(0, 40).Select(step => (step % 2 == 0 ? 508 : 492, 250))]);
        Assert.Empty(counter.Of(Track).Crossings);

        Walk(counter, [(550, 250)], from: 100);
        Assert.Single(counter.Of(Track).Crossings);
    }

    [Fact]
    public void Of_WayAroundTheEndOfALine_IsNoCrossing()
    {
        var counter = new ZoneCounter([], [Border("gate", 0.5, 0.5, 0.5, 0.1)], 1000, 500);
        Walk(counter, [(450, 200), (450, 400), (550, 400), (550, 200)]);

        Assert.Empty(counter.Of(Track).Crossings);
    }

    [Fact]
    public void Of_ManyCrossings_HasTheFirst100ByTime()
    {
        var counter = new ZoneCounter(
            [], [Border("a", 0.5, 0.9, 0.5, 0.1), Border("b", 0.6, 0.9, 0.6, 0.1)], 1000, 500);
        Walk(counter, [.. Enumerable.Range(0, 300).Select(step => (step % 2 == 0 ? 300 : 800, 250))]);

        var crossings = counter.Of(Track).Crossings;
        Assert.Equal(100, crossings.Count);
        Assert.Equal(
            crossings.Select(crossing => crossing.FrameIndex).Order(),
            crossings.Select(crossing => crossing.FrameIndex));
    }

    [Fact]
    public void Remove_ForgetsOneTrackOnly()
    {
        var counter = new ZoneCounter([Square("door", 0.4, 0.6)], [], 1000, 500);
        counter.Update(1, 0, 0, Box(500, 250));
        counter.Update(2, 0, 0, Box(500, 250));
        counter.Remove(1);

        Assert.Empty(counter.Of(1).Visits);
        Assert.Single(counter.Of(2).Visits);
    }

    [Fact]
    public void Of_AnyWay_CrossingsAlternateAndTimesAreBounded() =>
        Gen.Select(Gen.Int[0, 1000], Gen.Int[0, 500]).Array[1, 60].Sample(way =>
        {
            var counter = new ZoneCounter(
                [Square("door", 0.3, 0.7)], [Border("endless", 0.5, 5, 0.5, -5)], 1000, 500);
            Walk(counter, way);
            var (visits, crossings) = counter.Of(Track);
            Assert.All(visits, visit =>
            {
                Assert.InRange(visit.DurationMs, 0u, (uint)(100 * way.Length));
                Assert.InRange(visit.Entries, 1, (way.Length + 1) / 2 + 1);
            });

            // Nobody crosses a line that has no ends twice in the same direction without coming back.
            Assert.All(crossings.Zip(crossings.Skip(1)), pair =>
                Assert.NotEqual(pair.First.Direction, pair.Second.Direction));
            var (start, end) = (way[0].Item1, way[^1].Item1);
            var expected = Math.Sign(end - 500) * (Math.Abs(end - 500) > 10 ? 1 : 0);
            if (expected != 0 && start != 500)
            {
                Assert.Equal(Math.Sign(start - 500) == expected, crossings.Count % 2 == 0);
            }
        });

    private static ZoneVisit Visit(ZoneCounter counter) => Assert.Single(counter.Of(Track).Visits);

    private static void Walk(ZoneCounter counter, (int X, int Y)[] feet, int from = 0)
    {
        foreach (var (step, (x, y)) in feet.Index())
        {
            counter.Update(Track, from + step, (uint)(100 * (from + step)), Box(x, y));
        }
    }

    /// <summary>A box of 40 x 100 pixels over a foot point.</summary>
    private static BoundingBox Box(int x, int y) => new() { X = x - 20, Y = y - 100, Width = 40, Height = 100 };

    private static RelativePoint At(double x, double y) => new() { X = x, Y = y };

    private static Zone Square(string id, double from, double to) => new()
    {
        Id = id,
        Area = new RelativePolygon { Points = { At(from, from), At(to, from), At(to, to), At(from, to) } },
    };

    private static CountingLine Border(string id, double x1, double y1, double x2, double y2) =>
        new() { Id = id, Start = At(x1, y1), End = At(x2, y2) };
}
