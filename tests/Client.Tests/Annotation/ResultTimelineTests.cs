using ForegSyte.Annotation;
using ForegSyte.V1;

namespace ForegSyte.Client.Tests.Annotation;

public sealed class ResultTimelineTests
{
    [Theory]
    [InlineData(new[] { 0, 1, 2 }, 1, "0 1 2 - -")]
    [InlineData(new[] { 0, 1, 2 }, 0, "0 1 2 - -")]
    [InlineData(new[] { 0, 2, 4 }, 2, "0 0* 2 2* 4")]
    [InlineData(new[] { 0 }, 3, "0 0* 0* - -")]
    [InlineData(new[] { 3 }, int.MaxValue, "- - - 3 3*")]
    // The server could not decode frame 3.
    [InlineData(new[] { 2, 4 }, 1, "- - 2 - 4")]
    [InlineData(new int[0], 1, "- - - - -")]
    // Results of frames that the video does not have.
    [InlineData(new[] { 4, 5, 6 }, 1, "- - - - 4")]
    public async Task Spans_EachFrame_ShowsItsOwnOrTheHeldResult(int[] analyzed, int stride, string expected)
    {
        const int FrameCount = 5;
        var results = analyzed.Select(index => new FrameResult
        {
            FrameIndex = index,
            Result = new PipelineResult { Text = $"{index}" },
        });
        var shown = Enumerable.Repeat("-", FrameCount).ToArray();

        var spans = ResultTimeline.SpansAsync(
            results.ToAsyncEnumerable(), stride, FrameCount, TestContext.Current.CancellationToken);
        await foreach (var span in spans)
        {
            for (var frame = span.StartFrame; frame < span.EndFrame; frame++)
            {
                Assert.Equal("-", shown[frame]);
                shown[frame] = span.Result.Text + (span.IsHeld ? "*" : "");
            }
        }

        Assert.Equal(expected, string.Join(' ', shown));
    }

    [Fact]
    public async Task Spans_BetweenAnalyzedFrames_ShowTracksOnTheirWay_AndTheRestAsItWas()
    {
        var results = new[] { Frame(0, x: 10, "GATE"), Frame(2, x: 30, "GATE 07") };

        var spans = await ResultTimeline.SpansAsync(
            results.ToAsyncEnumerable(), frameStride: 2, frameCount: 3, TestContext.Current.CancellationToken)
            .ToListAsync(TestContext.Current.CancellationToken);

        Assert.Equal([(0, 1, false), (1, 2, true), (2, 3, false)],
            spans.Select(span => (span.StartFrame, span.EndFrame, span.IsHeld)));
        var between = spans[1].Result;
        Assert.Equal((5, 20f), (
            Assert.Single(between.InterpolatedDetections).TrackId, between.InterpolatedDetections[0].Box.X));
        Assert.Equal("dog", Assert.Single(between.Detections).Label);
        Assert.Equal("GATE", Assert.Single(between.TextRegions).Text);

        static FrameResult Frame(int index, float x, string text) => new()
        {
            FrameIndex = index,
            Result = new PipelineResult
            {
                Detections =
                {
                    new Detection
                    {
                        Label = "person",
                        TrackId = 5,
                        Box = new BoundingBox { X = x, Width = 4, Height = 4 },
                    },
                    new Detection { Label = "dog", Box = new BoundingBox { Width = 4, Height = 4 } },
                },
                TextRegions = { new TextRegion { Text = text } },
            },
        };
    }
}
