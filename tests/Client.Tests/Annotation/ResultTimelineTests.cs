using ForegSyte.CommandLine.Annotation;
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
}
