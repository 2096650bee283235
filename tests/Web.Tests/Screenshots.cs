using ForegSyte.Client;
using ForegSyte.Testing;
using ForegSyte.Web.Tests.Browsing;
using Microsoft.Playwright;

namespace ForegSyte.Web.Tests;

/// <summary>Writes the pictures of docs/web.md (`make screenshots`).</summary>
[Collection(OpenCollection.Name)]
public sealed class Screenshots(OpenServices web)
{
    private const string Variable = "FOREGSYTE_WRITE_SCREENSHOTS";
    private const int MaxBytes = 120_000;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Pages_AreWrittenAsPictures()
    {
        Assert.SkipWhen(Environment.GetEnvironmentVariable(Variable) is null, $"Runs only with {Variable}.");
        await SubmitJobsAsync();
        foreach (var (width, scheme, suffix) in new[]
        {
            (1280, ColorScheme.Light, "light"), (1280, ColorScheme.Dark, "dark"), (390, ColorScheme.Light, "phone"),
        })
        {
            await using var viewer = await web.Browser.OpenAsync(web.Services.HttpAddress, width, scheme);
            await viewer.OpenAsync("/web/jobs");
            await viewer.At("#rows li").First.WaitForAsync();
            await WriteAsync(viewer, $"jobs-{suffix}.png");
            await viewer.OpenAsync("/web/submit");
            await viewer.Page.SetInputFilesAsync("#files", RepositoryFiles.Pedestrians);
            await viewer.At("#areas-box summary").ClickAsync();
            await viewer.At("#draw").WaitForAsync();
            await viewer.At("#areas").FillAsync(
                "zone crossing: 0.05,0.55 0.45,0.5 0.5,0.95 0.05,0.95\nline kerb: 0.55,0.5 0.95,0.9");
            await viewer.At("#draw").ScrollIntoViewIfNeededAsync();
            await WriteAsync(viewer, $"submit-{suffix}.jpg");
            await viewer.OpenAsync("/web/server");
            await viewer.At("#limits tr").First.WaitForAsync();
            await WriteAsync(viewer, $"server-{suffix}.png");
        }
    }

    private static async Task WriteAsync(Viewer viewer, string name)
    {
        await viewer.Page.EvaluateAsync("() => document.fonts.ready");
        var folder = Environment.GetEnvironmentVariable(Variable) is { Length: > 1 } path
            ? path
            : Path.Combine(RepositoryFiles.Root, "docs", "images", "web");
        Directory.CreateDirectory(folder);
        var isPhoto = name.EndsWith(".jpg", StringComparison.Ordinal);
        var picture = await viewer.Page.ScreenshotAsync(new PageScreenshotOptions
        {
            Path = Path.Combine(folder, name),
            Type = isPhoto ? ScreenshotType.Jpeg : ScreenshotType.Png,
            Quality = isPhoto ? 70 : null,
            Animations = ScreenshotAnimations.Disabled,
        });
        Assert.InRange(picture.Length, 1, MaxBytes);
    }

    private async Task SubmitJobsAsync()
    {
        await using var client = web.Services.Client();
        var done = await client.SubmitFileAsync(
            RepositoryFiles.Pedestrians,
            new SubmitOptions
            {
                PipelineId = "yolo_ocr",
                FrameStride = 5,
                DisplayName = "north-gate-0730.mp4",
                Tags = new Dictionary<string, string> { ["camera"] = "north", ["site"] = "hq" },
            },
            cancellationToken: Token);
        await client.WaitForCompletionAsync(done.JobId, cancellationToken: Token);
        using var folder = new TemporaryFolder();
        var broken = await Clips.MakeIndependentFramesAsync(folder.File("broken.mp4"));
        await Mp4Surgery.EraseFramesAsync(broken, [.. Enumerable.Range(0, 10)]);
        var failed = await client.SubmitFileAsync(
            broken, new SubmitOptions { PipelineId = "detect_only", DisplayName = "parking-0715.mp4" },
            cancellationToken: Token);
        await client.WaitForCompletionAsync(failed.JobId, cancellationToken: Token);
        var cancelled = await SubmitAsync("loading-dock.mp4", "detect_only");
        await client.CancelJobAsync(cancelled, cancellationToken: Token);
        await SubmitAsync("south-gate-0730.mp4", "yolo_ocr");
        await SubmitAsync("south-gate-0745.mp4", "ocr_only");
        await SubmitAsync("north-gate-0745.mp4", "yolo_ocr");

        async Task<string> SubmitAsync(string name, string pipeline) => (await client.SubmitFileAsync(
            RepositoryFiles.Pedestrians,
            new SubmitOptions { PipelineId = pipeline, DisplayName = name },
            cancellationToken: Token)).JobId;
    }
}
