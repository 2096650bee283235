using ForegSyte.Inference.Stages;
using ForegSyte.Inference.Video;
using ForegSyte.V1;
using Microsoft.Extensions.Options;

namespace ForegSyte.Inference.Tests.Stages;

/// <summary>What the stages give to those who follow objects, and what a filter leaves.</summary>
public sealed class FollowedDetectionTests(LoadedModels models) : IClassFixture<LoadedModels>
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("nanodet_g_416")]
    [InlineData("centernet_mbv3_512")]
    public async Task Candidates_ChangeNoDetection(string model)
    {
        var (plain, followed) = (Detector(model, null), Detector(model, new ObjectTracking()));
        var candidates = 0;
        foreach (var frame in await SampleFrames.ReadAsync(10, 512, 384))
        {
            var expected = await plain.ProcessAsync(new StageInput(frame, []), Cancel);
            var output = await followed.ProcessAsync(new StageInput(frame, []), Cancel);

            Assert.Equal(expected.Detections, output.Detections);
            Assert.Equal((0, 0), (expected.Appearances.Count, expected.Candidates.Count));
            Assert.Equal(output.Detections.Count, output.Appearances.Count);
            Assert.All(output.Appearances, appearance => Assert.Equal(48, appearance.Length));
            Assert.All(output.Candidates, candidate =>
            {
                Assert.InRange(candidate.Confidence, 0.2f, plain.DetectionConfidence!.Value - 1e-6f);
                Assert.Equal(plain.Labels[candidate.ClassId], candidate.Label);
                Assert.Equal(48, candidate.Appearance.Length);
            });
            Assert.Equal(output.Candidates.OrderByDescending(item => item.Confidence), output.Candidates);
            candidates += output.Candidates.Count;
        }

        Assert.True(candidates >= 10, $"Only {candidates} candidates were found in ten frames.");
    }

    [Fact]
    public async Task Candidates_ReachDownToTheParameterOfThePipeline()
    {
        var frame = (await SampleFrames.ReadAsync(50, 512, 384))[1];
        var few = await CandidatesAsync(0.4);
        var many = await CandidatesAsync(0.1);

        Assert.True(few < many, $"{few} candidates from 0.4 on, {many} from 0.1 on.");
        Assert.Equal(0, await CandidatesAsync(1));

        async Task<int> CandidatesAsync(double confidence)
        {
            var stage = Detector(
                "nanodet_g_416", new ObjectTracking { Parameters = { ["candidate_confidence"] = confidence } });
            return (await stage.ProcessAsync(new StageInput(frame, []), Cancel)).Candidates.Count;
        }
    }

    /// <summary>The colors come from the picture that the model sees, whatever else the pipeline decodes.</summary>
    [Fact]
    public async Task Appearances_OfAFrameWithACopy_AreThoseOfTheCopy()
    {
        var stage = Detector("nanodet_g_416", new ObjectTracking());
        var small = (await SampleFrames.ReadAsync(50, 512, 384))[1];
        using var both = new Frame(
            50, 5000, new FrameSize(768, 576, new([(512, 384)])), SampleFrames.Width, SampleFrames.Height);
        both.Pixels.Span.Clear();
        for (var y = 0; y < 384; y++)
        {
            small.Image.Row(y).CopyTo(both.Pixels.Span[(((y * (768 + 512)) + 768) * 3)..]);
        }

        var expected = await stage.ProcessAsync(new StageInput(small, []), Cancel);
        var output = await stage.ProcessAsync(new StageInput(both, []), Cancel);

        Assert.NotEmpty(expected.Appearances);
        Assert.Equal(expected.Appearances, output.Appearances);
    }

    [Fact]
    public async Task Filter_LabelsAndRegions_LeaveOnlyWhatIsWanted()
    {
        var stage = Detector("nanodet_g_416", new ObjectTracking());
        var frame = (await SampleFrames.ReadAsync(50, 512, 384))[1];
        var all = await stage.ProcessAsync(new StageInput(frame, []), Cancel);
        var right = Box(0.5, 0, 1, 1);

        var persons = await stage.ProcessAsync(
            new StageInput(frame, [], new FrameFilter(["person"], 0, [right])), Cancel);

        var wanted = all.Detections.Where(item => item.Label == "person" && CenterX(item.Box) >= 384).ToList();
        Assert.InRange(wanted.Count, 1, all.Detections.Count - 1);
        Assert.Equal(wanted, persons.Detections);
        Assert.Equal(
            all.Candidates.Where(item => item.Label == "person" && CenterX(item.Box) >= 384), persons.Candidates);
        Assert.Equal(wanted.Count, persons.Appearances.Count);
        Assert.Empty((await stage.ProcessAsync(
            new StageInput(frame, [], new FrameFilter(["zebra"], 0, [])), Cancel)).Detections);
    }

    [Fact]
    public async Task Filter_MinConfidence_MakesCandidatesOfTheOthers()
    {
        var stage = Detector("nanodet_g_416", new ObjectTracking());
        var frame = (await SampleFrames.ReadAsync(50, 512, 384))[1];
        var all = await stage.ProcessAsync(new StageInput(frame, []), Cancel);
        var limit = all.Detections[1].Confidence;

        var sure = await stage.ProcessAsync(new StageInput(frame, [], new FrameFilter([], limit, [])), Cancel);

        Assert.Equal(all.Detections.Take(2), sure.Detections);
        Assert.Equal(
            all.Detections.Skip(2).Select(item => item.Confidence)
                .Concat(all.Candidates.Select(item => item.Confidence)),
            sure.Candidates.Select(item => item.Confidence));

        // A filter cannot lower the confidence of the pipeline.
        var same = await stage.ProcessAsync(new StageInput(frame, [], new FrameFilter([], 0.01f, [])), Cancel);
        Assert.Equal(all.Detections, same.Detections);
    }

    [Fact]
    public async Task Filter_OfTexts_ReadsOnlyWhatIsWanted()
    {
        var stage = LoadedModels.Reader(models.Sessions);
        var frame = (await SampleFrames.ReadAsync(50))[0];
        var region = Assert.Single((await stage.ProcessAsync(new StageInput(frame, []), Cancel)).Texts).Region;
        var (x, y) = (
            region.Polygon.Average(point => point.X) / frame.Width,
            region.Polygon.Average(point => point.Y) / frame.Height);

        Assert.Single(await ReadAsync(new FrameFilter(["person"], 0, [Box(x - 0.01, y - 0.01, x + 0.01, y + 0.01)])));
        Assert.Empty(await ReadAsync(new FrameFilter([], 0, [Box(0, y + 0.02, 1, 1)])));
        Assert.Single(await ReadAsync(new FrameFilter([], region.Confidence, [])));
        Assert.Empty(await ReadAsync(new FrameFilter([], MathF.BitIncrement(region.Confidence), [])));

        async Task<IReadOnlyList<TextFinding>> ReadAsync(FrameFilter filter) =>
            (await stage.ProcessAsync(new StageInput(frame, [], filter), Cancel)).Texts;
    }

    private static float CenterX(BoundingBox box) => box.X + (box.Width / 2);

    private static RelativePolygon Box(double left, double top, double right, double bottom) => new()
    {
        Points =
        {
            new RelativePoint { X = left, Y = top }, new RelativePoint { X = right, Y = top },
            new RelativePoint { X = right, Y = bottom }, new RelativePoint { X = left, Y = bottom },
        },
    };

    private IStage Detector(string model, ObjectTracking? objects) =>
        new StageFactory(models.Sessions, Options.Create(new StageOptions())).Create(
            new PipelineNode { Id = "detect", Stage = "detect_objects", Models = { ["detector"] = model } }, objects);
}
