using ForegSyte.Accuracy.Objects;
using ForegSyte.Testing;

namespace ForegSyte.Inference.Tests.Accuracy;

/// <summary>The scores of detectors, on values computed by hand.</summary>
public sealed class ObjectScoreTests
{
    private static readonly PixelBox Here = new(0, 0, 10, 10);
    private static readonly PixelBox There = new(100, 0, 10, 10);

    [Fact]
    public void OverlapWith_HalfABox_IsOneThird() =>
        Assert.Equal(1 / 3d, Here.OverlapWith(new PixelBox(5, 0, 10, 10)), 1e-9);

    [Fact]
    public void OverlapWith_AdjacentBox_IsZero() => Assert.Equal(0, Here.OverlapWith(new PixelBox(10, 0, 10, 10)));

    // Precisions 1, 1/2, 2/3 at recalls 1/2, 1/2, 1: 51 recalls from 0 to 0.50 at 1, 50 from 0.51 to 1 at 2/3.
    [Fact]
    public void AveragePrecision_MistakeBetweenTwoRight_UsesTheBestPrecisionFromEachRecallOn() => Assert.Equal(
        (51 + (50 * 2 / 3d)) / 101,
        AveragePrecision.Of([Judgement.Right, Judgement.Wrong, Judgement.Right], 2),
        1e-9);

    // One of four objects is found: 26 recalls from 0 to 0.25 at 1/2.
    [Fact]
    public void AveragePrecision_MistakeFirstAndMostMissed_IsZeroPastTheReachedRecall() => Assert.Equal(
        26 * 0.5 / 101, AveragePrecision.Of([Judgement.Wrong, Judgement.Ignored, Judgement.Right], 4), 1e-9);

    [Theory]
    [InlineData(0, 0)]
    [InlineData(1, 1)]
    public void AveragePrecision_NothingOrEverythingFound_IsZeroOrOne(int right, double expected) =>
        Assert.Equal(expected, AveragePrecision.Of(Enumerable.Repeat(Judgement.Right, right), 1), 1e-9);

    [Fact]
    public void Judge_TwoDetectionsOfOneObject_TheMoreConfidentIsRight() => Assert.Equal(
        [(0.9, Judgement.Right), (0.8, Judgement.Wrong)],
        Judge([Found(0.8, Here), Found(0.9, new PixelBox(0, 0, 10, 8))], Label(Here)));

    [Fact]
    public void Judge_WrongFrameClassOrPosition_IsWrong() => Assert.All(
        Judge(
            [Found(0.9, There), Found(0.8, Here, frame: 1), Found(0.7, Here, category: "car")], Label(Here)),
        item => Assert.Equal(Judgement.Wrong, item.Judgement));

    [Fact]
    public void Judge_OnAnIgnoredLabel_IsIgnoredEveryTime() => Assert.All(
        Judge(
            [Found(0.9, Here), Found(0.8, new PixelBox(1, 1, 3, 3))], Label(Here) with { IsIgnored = true }),
        item => Assert.Equal(Judgement.Ignored, item.Judgement));

    [Fact]
    public void Judge_TwoObjects_MatchesTheLargestOverlap()
    {
        var (left, right) = (Label(new PixelBox(0, 0, 10, 10)), Label(new PixelBox(2, 0, 10, 10)));

        // The first one matches the right label, so the left label is free for the second one.
        Assert.All(
            Judge([Found(0.9, new PixelBox(2, 0, 10, 10)), Found(0.8, new PixelBox(1, 0, 10, 10))], left, right),
            item => Assert.Equal(Judgement.Right, item.Judgement));
    }

    [Fact]
    public void Score_OfThreeFound_IsAsComputedByHand()
    {
        LabeledObject[] labels = [Label(Here), Label(There), Label(Here) with { Frame = 1 }];
        FoundObject[] found =
        [
            Found(0.9, Here), Found(0.8, new PixelBox(0, 1, 10, 10), category: "bird"), Found(0.3, There),
        ];

        var score = DetectorScore.Of(found, labels, 0.5);

        // At 0.5: one correct person, one wrong bird, one of three persons found. At any confidence: two of three
        // persons and no wrong one, so the precision is 1 at the recalls 0 to 0.66.
        Assert.Equal((0.5, 1, 3, 1), (score.Precision, score.Right, score.Labeled, score.Doubles));
        Assert.Equal(1 / 3d, score.Recall, 1e-9);
        Assert.Equal(67 / 101d, score.MeanAveragePrecision, 1e-9);
    }

    [Fact]
    public void LabelFile_Sample_HasTheCountedPersons()
    {
        var file = LabelFile.Sample();

        var persons = file.Objects.Where(item => item is { Category: "person", IsIgnored: false }).ToList();
        Assert.Equal(
            [3, 4, 5, 5, 6, 6, 6, 6, 7, 7], file.Frames.Select(frame => persons.Count(item => item.Frame == frame)));
        Assert.All(file.Objects, item => Assert.True(
            item.Box is { X: >= 0, Y: >= 0, Width: > 0, Height: > 0 } box && box.X + box.Width <= 768
            && box.Y + box.Height <= 576,
            $"The box is empty or outside the frame: {item}"));
    }

    [Fact]
    public void LabelFiles_AllScenes_HaveAtLeast100FramesAndOnlyClassesOfTheModels()
    {
        var classes = File.ReadAllLines(Path.Combine(RepositoryFiles.Data, "models", "coco.names"));
        string[] names = ["pedestrians", "street", "film", "office", "photos", "animals", "tree"];
        var files = names.Select(name => LabelFile.Read(LabelFile.PathOf(name))).ToList();

        Assert.InRange(files.Sum(file => file.Frames.Length), 100, int.MaxValue);
        Assert.All(files.SelectMany(file => file.Objects), item =>
        {
            Assert.Contains(item.Category, classes);
            Assert.True(item.Box is { X: >= 0, Y: >= 0, Width: > 0, Height: > 0 }, $"The box is empty: {item}");
        });
        Assert.All(files.Where(file => file.Sources is { Length: > 1 }), file =>
            Assert.Equal(Enumerable.Range(0, file.Sources!.Length), file.Frames));
    }

    private static LabeledObject Label(PixelBox box) => new(0, "person", box, IsIgnored: false);

    private static FoundObject Found(double confidence, PixelBox box, int frame = 0, string category = "person") =>
        new(frame, category, box, confidence);

    private static List<(double Confidence, Judgement Judgement)> Judge(
        FoundObject[] found, params LabeledObject[] labels) =>
        [.. ObjectMatching.Judge(found, labels).Select(item => (item.Found.Confidence, item.Judgement))];
}
