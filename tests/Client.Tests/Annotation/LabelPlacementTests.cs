using CsCheck;
using ForegSyte.Annotation;

namespace ForegSyte.Client.Tests.Annotation;

public sealed class LabelPlacementTests
{
    private const int Width = 640;
    private const int Height = 360;
    private const int LabelHeight = 16;

    [Fact]
    public void Place_OneBox_PutsTheLabelAboveIt() =>
        Assert.Equal(new Area(100, 84, 80, 16), Place(new Area(100, 100, 50, 50)));

    [Fact]
    public void Place_BoxAtTheTop_PutsTheLabelInside() =>
        Assert.Equal(new Area(100, 5, 80, 16), Place(new Area(100, 5, 50, 50)));

    [Fact]
    public void Place_BoxAtTheRightEdge_KeepsTheLabelInsideTheFrame() =>
        Assert.Equal(new Area(560, 84, 80, 16), Place(new Area(620, 100, 20, 50)));

    [Fact]
    public void Place_Text_PutsTheLabelBelow() =>
        Assert.Equal(new Area(100, 150, 80, 16), Place(new Area(100, 100, 50, 50), isBelow: true));

    [Fact]
    public void Place_TextOnAStrip_PutsTheLabelBesideIt()
    {
        var request = new LabelRequest(new Area(20, 2, 700, 28), 300, LabelHeight, IsBelow: true);

        Assert.Equal(new Area(720, 2, 300, 16), Assert.Single(LabelPlacement.Place([request], 4000, 32)));
    }

    [Fact]
    public void Place_EqualBoxes_GetLabelsOfTheirOwn()
    {
        var box = new Area(300, 100, 50, 100);
        var places = LabelPlacement.Place(
            [.. Enumerable.Repeat(new LabelRequest(box, 80, LabelHeight, IsBelow: false), 20)], Width, Height);

        AssertApart(places);
        Assert.DoesNotContain(null, places);
    }

    [Theory]
    [InlineData(700, 16)]
    [InlineData(80, 400)]
    public void Place_LabelLargerThanTheFrame_HasNoPlace(int width, int height)
    {
        var request = new LabelRequest(new Area(0, 0, 10, 10), width, height, IsBelow: false);

        Assert.Null(Assert.Single(LabelPlacement.Place([request], Width, Height)));
    }

    /// <summary>22 rows of 8 labels fill the frame: a naive search for free places ends long before.</summary>
    [Fact]
    public void Place_AsManyAsFit_FillsTheFrame()
    {
        var requests = Enumerable.Repeat(
            new LabelRequest(new Area(0, 0, 640, 360), 80, LabelHeight, IsBelow: false), 8 * 22);

        var places = LabelPlacement.Place([.. requests], Width, 22 * LabelHeight);

        AssertApart(places);
        Assert.DoesNotContain(null, places);
    }

    [Fact]
    public void Place_AnyBoxes_NeverOverlapAndUseFreePlaces()
    {
        var requests = Gen.Select(
            Gen.Double[-20, Width], Gen.Double[-20, Height], Gen.Double[1, 300], Gen.Double[1, 300],
            Gen.Double[20, 200], Gen.Bool,
            (left, top, width, height, labelWidth, isBelow) => new LabelRequest(
                new Area(left, top, width, height), labelWidth, LabelHeight, isBelow));
        requests.List[0, 60].Sample(
            labels =>
            {
                var places = LabelPlacement.Place(labels, Width, Height);
                AssertApart(places);
                for (var i = 0; i < labels.Count; i++)
                {
                    // A label without a place would overlap another one wherever it went.
                    Assert.True(
                        places[i] is not null || !HasRoom(labels[i], [.. places.Take(i).OfType<Area>()]),
                        $"Label {i} has no place, although there is room.");
                }
            },
            iter: 200);
    }

    private static bool HasRoom(LabelRequest label, Area[] taken) =>
        Enumerable.Range(0, Width - (int)label.Width).Any(left => Enumerable.Range(0, Height - LabelHeight).Any(
            top => !Array.Exists(taken, new Area(left, top, label.Width, LabelHeight).Overlaps)));

    private static Area? Place(Area box, bool isBelow = false) =>
        LabelPlacement.Place([new LabelRequest(box, 80, LabelHeight, isBelow)], Width, Height).Single();

    private static void AssertApart(IReadOnlyList<Area?> places)
    {
        var placed = places.OfType<Area>().ToList();
        for (var i = 0; i < placed.Count; i++)
        {
            Assert.InRange(placed[i].Left, 0, Width - placed[i].Width + Area.Tolerance);
            Assert.InRange(placed[i].Top, 0, Height - placed[i].Height + Area.Tolerance);
            Assert.DoesNotContain(placed.Skip(i + 1), placed[i].Overlaps);
        }
    }
}
