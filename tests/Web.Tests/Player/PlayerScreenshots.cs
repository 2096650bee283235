using ForegSyte.Testing;
using ForegSyte.Web.Tests.Browsing;
using Microsoft.Playwright;

namespace ForegSyte.Web.Tests.Player;

/// <summary>Writes the pictures of a job and of the search in docs/web.md (`make screenshots`).</summary>
[Collection(PlayedCollection.Name)]
public sealed class PlayerScreenshots(PlayedServices web)
{
    private const string Variable = "FOREGSYTE_WRITE_SCREENSHOTS";
    private const int MaxBytes = 120_000;

    [Fact]
    public async Task Pages_AreWrittenAsPictures()
    {
        Assert.SkipWhen(Environment.GetEnvironmentVariable(Variable) is null, $"Runs only with {Variable}.");
        var lobby = await web.AnalyzeAsync(
            RepositoryFiles.Pedestrians, "yolo_ocr", stride: 1, "north-gate-0730.mp4", camera: "gate");
        await web.WaitForIndexAsync(lobby.JobId);
        foreach (var (width, scheme) in new[]
        {
            (1280, ColorScheme.Light), (1280, ColorScheme.Dark), (390, ColorScheme.Light),
        })
        {
            var suffix = width < 600 ? "phone" : scheme == ColorScheme.Dark ? "dark" : "light";
            await using var job = await web.OpenJobAsync(lobby.JobId, "#t=3.5", width, scheme);
            await job.WaitAsync("drawn.frame === 35");
            if (width >= 600)
            {
                // Pictures below the screen of a phone are not loaded before someone scrolls there.
                await job.Page.WaitForSelectorAsync("#tracks img.ready");
            }

            await job.WaitForLanesAsync(6);
            await job.Page.WaitForLoadStateAsync(LoadState.NetworkIdle);
            await WriteAsync(job.Viewer, $"job-{suffix}");
            await using var viewer = await web.OpenAsync(width, scheme);
            await viewer.OpenAsync("/web/search?kind=objects&tags=camera%3Dgate");
            await viewer.At("#matches img.ready").First.WaitForAsync();
            await viewer.Page.WaitForLoadStateAsync(LoadState.NetworkIdle);
            await WriteAsync(viewer, $"search-{suffix}");
        }
    }

    /// <summary>As JPEG, because the pictures have frames of a video.</summary>
    private static async Task WriteAsync(Viewer viewer, string name)
    {
        var folder = Environment.GetEnvironmentVariable(Variable) is { Length: > 1 } path
            ? path
            : Path.Combine(RepositoryFiles.Root, "docs", "images", "web");
        Directory.CreateDirectory(folder);
        var picture = await viewer.Page.ScreenshotAsync(new()
        {
            Path = Path.Combine(folder, $"{name}.jpg"),
            Type = ScreenshotType.Jpeg,
            Quality = 60,
            Animations = ScreenshotAnimations.Disabled,
        });
        Assert.InRange(picture.Length, 1, MaxBytes);
    }
}
