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
    // The server could not decode frame 3.
    [InlineData(new[] { 2, 4 }, 1, "- - 2 - 4")]
    [InlineData(new int[0], 1, "- - - - -")]
    public async Task At_EachFrame_ShowsItsOwnOrTheHeldResult(int[] analyzed, int stride, string expected)
    {
        var results = analyzed.Select(index => new FrameResult
        {
            FrameIndex = index,
            Result = new PipelineResult { Text = $"{index}" },
        });
        await using var timeline = new ResultTimeline(results.ToAsyncEnumerable(), stride);

        var shown = new List<string>();
        for (var frame = 0; frame < 5; frame++)
        {
            shown.Add(await timeline.AtAsync(frame) is { } held ? held.Result.Text + (held.IsHeld ? "*" : "") : "-");
        }

        Assert.Equal(expected, string.Join(' ', shown));
    }
}
