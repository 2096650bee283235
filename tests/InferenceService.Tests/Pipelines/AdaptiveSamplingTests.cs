using System.Runtime.CompilerServices;
using ForegSyte.Inference.Pipelines;
using ForegSyte.Inference.Stages;
using ForegSyte.Inference.Video;
using ForegSyte.V1;
using Google.Protobuf;
using Microsoft.Extensions.Options;

namespace ForegSyte.Inference.Tests.Pipelines;

/// <summary>Drawn videos with a detector that knows what is drawn, and a reader of one text.</summary>
public sealed class AdaptiveSamplingTests
{
    private const int Side = 200;
    private static readonly SamplingRule Rule = new(Step: 4, Interval: 32);

    private delegate byte Shade(int frame, int x, int y);

    [Fact]
    public async Task Run_AStillScene_LooksOnlyAtTheInterval()
    {
        var frames = await RunAsync(100, (_, x, y) => Background(x, y), _ => []);
        Assert.Equal([0, 32, 64, 96], Looked(frames));
    }

    [Fact]
    public async Task Run_AKnownObjectMoves_LooksAtStepsAndFindsItBetweenThem()
    {
        var frames = await RunAsync(40, (frame, x, y) => Object(frame * 2, 60, x, y) ?? Background(x, y), Walker);

        Assert.Equal([0, 4, 8, 12, 16, 20, 24, 28, 32, 36], Looked(frames));
        foreach (var frame in frames.Where(frame => frame.Result.Interpolated))
        {
            Assert.Empty(frame.Result.Result.Detections);
            var found = Assert.Single(frame.Observations!.Candidates);
            Assert.Equal(("person", 0.75f, "look"), (found.Label, found.Confidence, found.Appearance.ToStringUtf8()));
            Assert.InRange(found.Box.X, (frame.Result.FrameIndex * 2) - 1, (frame.Result.FrameIndex * 2) + 1);
            Assert.InRange(found.Box.Y, 59, 61);
        }
    }

    [Fact]
    public async Task Run_SomethingNewAppears_LooksAtOnce()
    {
        var frames = await RunAsync(
            12, (frame, x, y) => (frame >= 6 ? Object(100, 60, x, y) : null) ?? Background(x, y),
            frame => frame >= 6 ? [Person(100, 60)] : []);

        // It stands from then on.
        Assert.Equal([0, 6, 8], Looked(frames));
        Assert.Single(frames[7].Observations!.Candidates);
    }

    [Fact]
    public async Task Run_ACut_LooksAtTheFirstFrameOfTheNewScene()
    {
        var frames = await RunAsync(
            12, (frame, x, y) => (byte)(frame < 5 ? 60 : 60 + (x / 2)), _ => [], hasReader: true);

        Assert.Contains(5, Looked(frames));
        Assert.False(frames[5].Result.Result.TextRegions[0].Carried, "The text of the new scene was not read.");
    }

    [Fact]
    public async Task Run_AFade_LooksAgainBeforeItIsMuchBrighter()
    {
        var frames = await RunAsync(32, (frame, x, y) => (byte)(Background(x, y) + frame), _ => []);

        Assert.Equal([0, 12, 24], Looked(frames));
    }

    [Fact]
    public async Task Run_EverythingChangesAlways_LooksAtEveryFrame()
    {
        var frames = await RunAsync(
            20, (frame, x, y) => (byte)(((x / 4 * 7919) + (y / 4 * 104729) + (frame * 1299709)) % 251), _ => []);
        Assert.Equal(Enumerable.Range(0, 20), Looked(frames));
    }

    [Fact]
    public async Task Run_AText_IsReadAgainOnlyWhereItsPlaceChanges()
    {
        var frames = await RunAsync(
            16, (frame, x, y) => (byte)(x is >= 40 and < 80 && y is >= 10 and < 26 && frame >= 6 ? 220 : 60), _ => [],
            hasReader: true, hasDetector: false);

        Assert.Equal(
            [0, 6, 8],
            frames.Select(frame => frame.Result).Where(frame => !frame.Result.TextRegions[0].Carried)
                .Select(frame => frame.FrameIndex));
        Assert.Equal(
            Enumerable.Range(0, 16).Select(frame => frame < 6 ? "0" : frame < 8 ? "6" : "8"),
            frames.Select(frame => frame.Result.Result.Text));
        Assert.Equal([0, 6, 8], Looked(frames));
    }

    [Fact]
    public async Task Run_CutAtIntervals_GivesTheSameBytes()
    {
        static byte Draw(int frame, int x, int y) => (byte)((frame is > 40 and < 50 && x > 150 ? 3 : 1)
            * (Object((frame * 3) % 170, 60, x, y) ?? Background(x, y)));
        var whole = await RunAsync(96, Draw, frame => [Person((frame * 3) % 170, 60)], hasReader: true);
        var parts = new List<AnalyzedFrame>();
        foreach (var start in new[] { 0, 32, 64 })
        {
            parts.AddRange(await RunAsync(
                32, Draw, frame => [Person((frame * 3) % 170, 60)], hasReader: true, start: start));
        }

        Assert.InRange(Looked(whole).Count(), 24, 60);
        Assert.Equal(
            whole.Select(frame => (frame.Result, frame.Observations)),
            parts.Select(frame => (frame.Result, frame.Observations)));
    }

    private static IEnumerable<int> Looked(IEnumerable<AnalyzedFrame> frames) =>
        frames.Where(frame => !frame.Result.Interpolated).Select(frame => frame.Result.FrameIndex);

    private static byte Background(int x, int y) => (byte)(60 + ((x + y) % 8));

    private static byte? Object(int left, int top, int x, int y) =>
        x >= left && x < left + 24 && y >= top && y < top + 40
            ? (byte)(150 + (40 * Math.Sin((x - left) * 0.7)) + (40 * Math.Cos((y - top) * 0.4)))
            : null;

    private static IEnumerable<Detection> Walker(int frame) => [Person(frame * 2, 60)];

    private static Detection Person(int left, int top) => new()
    {
        Label = "person",
        Confidence = 0.75f,
        Box = new BoundingBox { X = left, Y = top, Width = 24, Height = 40 },
    };

    private static async Task<List<AnalyzedFrame>> RunAsync(
        int count, Shade shade, Func<int, IEnumerable<Detection>> detect, bool hasReader = false,
        bool hasDetector = true, int start = 0)
    {
        var detector = new FakeStage((input, _) =>
        {
            Detection[] found = [.. detect(input.Frame.Index)];
            return ValueTask.FromResult(StageOutput.Of(found) with
            {
                Appearances = [.. found.Select(_ => ByteString.CopyFromUtf8("look"))],
            });
        })
        {
            DetectionConfidence = 0.5f,
            Labels = ["person"],
        };
        var reader = new FakeStage((input, _) => ValueTask.FromResult(StageOutput.Of(
            [new TextFinding(Sign(FormattableString.Invariant($"{input.Frame.Index}")), Within: null)])));
        List<(string Id, FakeStage Stage)> nodes = [];
        nodes.AddRange(hasDetector ? [("detect", detector)] : []);
        nodes.AddRange(hasReader ? [("read", reader)] : []);
        var pipeline = CompiledPipeline.Create(
            new Pipeline
            {
                Id = "drawn",
                Nodes = { nodes.Select(node => new PipelineNode { Id = node.Id }) },
                OutputNodes = { nodes.Select(node => node.Id) },
                Tracking = new Tracking { Objects = hasDetector ? new ObjectTracking() : null },
            },
            node => nodes.Single(known => known.Id == node.Id).Stage);
        var runner = new PipelineRunner(
            new FrameSlots(2, TimeProvider.System), Options.Create(new PipelineOptions { FramesAhead = 2 }));
        return await runner.RunAsync(
            pipeline, "", FramesAsync(start, count, shade), 4, new SegmentMeter(TimeProvider.System), null, Rule,
            TestContext.Current.CancellationToken).ToListAsync(TestContext.Current.CancellationToken);
    }

    private static TextRegion Sign(string text) => new()
    {
        Text = text,
        Confidence = 0.9f,
        Polygon =
        {
            new Point { X = 40, Y = 10 }, new Point { X = 80, Y = 10 }, new Point { X = 80, Y = 26 },
            new Point { X = 40, Y = 26 },
        },
    };

    private static async IAsyncEnumerable<Frame> FramesAsync(
        int start, int count, Shade shade, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        for (var index = start; index < start + count; index++)
        {
            await Task.Yield();
            cancellationToken.ThrowIfCancellationRequested();
            var frame = new Frame(index, (uint)(index * 100), Side, Side, Side, Side);
            for (var pixel = 0; pixel < Side * Side; pixel++)
            {
                frame.Pixels.Span.Slice(pixel * 3, 3).Fill(shade(index, pixel % Side, pixel / Side));
            }

            yield return frame;
        }
    }
}
