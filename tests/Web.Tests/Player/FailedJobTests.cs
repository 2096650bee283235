using ForegSyte.Testing;
using Microsoft.Playwright;

namespace ForegSyte.Web.Tests.Player;

/// <summary>The page of a job that failed.</summary>
[Collection(PlayedCollection.Name)]
public sealed class FailedJobTests(PlayedServices web)
{
    [Fact]
    public async Task FailedJob_SaysWhy_AndDoesNotTalkAsIfItRan()
    {
        using var folder = new TemporaryFolder();
        var broken = await Clips.MakeIndependentFramesAsync(folder.File("broken.mp4"));
        await Mp4Surgery.EraseFramesAsync(broken, [.. Enumerable.Range(0, 10)]);
        var failed = await web.AnalyzeAsync(broken, "detect_only", stride: 1);
        await using var viewer = await web.OpenAsync();
        await viewer.OpenAsync($"/web/jobs/{failed.JobId}");

        await Assertions.Expect(viewer.At("#found")).ToContainTextAsync("The job failed, so there is no summary.");
        await Assertions.Expect(viewer.At("#tracks-card")).Not.ToContainTextAsync("yet");
        await Assertions.Expect(viewer.At("#state > p").First)
            .ToContainTextAsync($"The job failed: {failed.ErrorMessage}");
        await viewer.At("#state [data-title=History] summary").ClickAsync();
        await Assertions.Expect(viewer.At("#state .history")).ToContainTextAsync("attempt 1 failed: ");
        await Assertions.Expect(viewer.At("#state .history")).Not.ToContainTextAsync("retryable");
    }
}
