using System.Security.Cryptography;
using ForegSyte.Testing;
using ForegSyte.Web.Tests.Browsing;
using Microsoft.Playwright;

namespace ForegSyte.Web.Tests;

/// <summary>Uploads that stop and continue.</summary>
[Collection(OpenCollection.Name)]
public sealed class InterruptedUploadTests(OpenServices web) : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Upload_InterruptedAndReloaded_SendsOnlyWhatIsMissing()
    {
        var file = await LargeVideo.MakeAsync(_folder, "interrupted.mp4", parts: 5);
        await using var viewer = await web.Browser.OpenAsync(web.Services.HttpAddress);
        viewer.Expected.Add("net::ERR_FAILED");
        await viewer.OpenAsync("/web/submit");
        await viewer.Page.SetInputFilesAsync("#files", file);

        // The network breaks at the last two parts.
        var broken = $"**/parts/{3 * LargeVideo.PartBytes}?*";
        var alsoBroken = $"**/parts/{4 * LargeVideo.PartBytes}?*";
        await viewer.Page.RouteAsync(broken, route => route.AbortAsync());
        await viewer.Page.RouteAsync(alsoBroken, route => route.AbortAsync());
        await viewer.Button("Submit").ClickAsync();
        await Assertions.Expect(viewer.At("#chosen .note")).ToContainTextAsync("6.3 MB of");
        await viewer.Page.ReloadAsync();
        await Assertions.Expect(viewer.At("#unfinished-list")).ToContainTextAsync("interrupted.mp4");
        await Assertions.Expect(viewer.At("#unfinished-list")).ToContainTextAsync("6.3 MB of 10.5 MB sent");

        await viewer.Page.UnrouteAsync(broken);
        await viewer.Page.UnrouteAsync(alsoBroken);
        var sent = new List<string>();
        viewer.Page.Request += (_, request) =>
        {
            if (request.Method == "PUT")
            {
                sent.Add(new Uri(request.Url).Segments[^1]);
            }
        };
        await viewer.Page.SetInputFilesAsync("#files", file);
        await Assertions.Expect(viewer.At("#chosen .note")).ToContainTextAsync("continues where it stopped");
        await Assertions.Expect(viewer.At("#unfinished")).ToBeHiddenAsync();
        await viewer.Button("Submit").ClickAsync();
        await viewer.Page.WaitForURLAsync("**/web/jobs/*-*");

        Assert.Equal([$"{3 * LargeVideo.PartBytes}", $"{4 * LargeVideo.PartBytes}"], sent.Order());
        await using var client = web.Services.Client();
        var job = await client.GetJobAsync(viewer.JobId, cancellationToken: Token);
        var sent256 = SHA256.HashData(await File.ReadAllBytesAsync(file, Token));
        Assert.Equal(Convert.ToHexStringLower(sent256), job.VideoSha256);
        viewer.AssertQuiet();
    }

    [Fact]
    public async Task Pause_StopsTheUpload_AndContinueEndsIt()
    {
        var file = await LargeVideo.MakeAsync(_folder, "paused.mp4", parts: 2);
        await using var viewer = await web.Browser.OpenAsync(web.Services.HttpAddress);
        viewer.Expected.Add("net::ERR_FAILED");
        await viewer.OpenAsync("/web/submit");
        await viewer.Page.SetInputFilesAsync("#files", file);
        await viewer.Page.RouteAsync($"**/parts/{LargeVideo.PartBytes}?*", route => route.AbortAsync());
        await viewer.Button("Submit").ClickAsync();
        await Assertions.Expect(viewer.At("#chosen .note")).ToContainTextAsync("2.1 MB of");
        await viewer.Button("Pause").ClickAsync();
        await Assertions.Expect(viewer.At("#chosen .note")).ToHaveTextAsync("Paused");

        await viewer.Page.UnrouteAsync($"**/parts/{LargeVideo.PartBytes}?*");
        await viewer.Button("Continue").ClickAsync();
        await viewer.Page.WaitForURLAsync("**/web/jobs/*-*");
        viewer.AssertQuiet();
    }

    [Fact]
    public async Task Options_AreThereAgain_WhenTheFileIsChosenAgain()
    {
        var file = await LargeVideo.MakeAsync(_folder, "options.mp4", parts: 2);
        await using var viewer = await OpenInterruptedAsync(file, async viewer =>
        {
            await viewer.At("#pipeline").SelectOptionAsync("detect_only");
            await viewer.At("#sampling").SelectOptionAsync("stride");
            await viewer.At("#stride").FillAsync("20");
            await viewer.At("#labels-box summary").ClickAsync();
            await viewer.Page.GetByLabel("person", new PageGetByLabelOptions { Exact = true }).CheckAsync();
            await viewer.At("#areas-box summary").ClickAsync();
            await viewer.At("#areas").FillAsync("line kerb: 0.1,0.5 0.9,0.5");
            await viewer.At("#tags").FillAsync("camera=north");
        });

        await viewer.Page.SetInputFilesAsync("#files", file);
        await Assertions.Expect(viewer.At("#chosen .note")).ToContainTextAsync("with the options from then");
        await Assertions.Expect(viewer.At("#stride")).ToBeVisibleAsync();
        await viewer.Button("Submit").ClickAsync();
        await viewer.Page.WaitForURLAsync("**/web/jobs/*-*");

        await using var client = web.Services.Client();
        var job = await client.GetJobAsync(viewer.JobId, cancellationToken: Token);
        Assert.Equal("detect_only", job.PipelineId);
        Assert.Equal(20, job.Options.FrameStride);
        Assert.Equal(["person"], job.Options.Labels);
        Assert.Equal("kerb", Assert.Single(job.Options.Lines).Id);
        Assert.Equal("north", job.Tags["camera"]);
        viewer.AssertQuiet();
    }

    [Fact]
    public async Task Options_ThatTheViewerWroteSince_StayUntilAsked()
    {
        var file = await LargeVideo.MakeAsync(_folder, "changed.mp4", parts: 2);
        await using var viewer = await OpenInterruptedAsync(
            file, viewer => viewer.At("#tags").FillAsync("camera=north"));

        await Assertions.Expect(viewer.At("#pipeline-about")).ToContainTextAsync("objects");
        await viewer.At("#tags").FillAsync("camera=south");
        await viewer.Page.SetInputFilesAsync("#files", file);
        await Assertions.Expect(viewer.At("#chosen .note")).ToContainTextAsync("with the options of the form");
        await Assertions.Expect(viewer.At("#tags")).ToHaveValueAsync("camera=south");
        await viewer.Button("Use those from then").ClickAsync();
        await Assertions.Expect(viewer.At("#tags")).ToHaveValueAsync("camera=north");
        viewer.AssertQuiet();
    }

    [Fact]
    public async Task ServerThatIsGone_IsNamed_AndTheUploadGoesOnByItself()
    {
        var file = await LargeVideo.MakeAsync(_folder, "gone.mp4", parts: 2);
        await using var viewer = await web.Browser.OpenAsync(web.Services.HttpAddress);
        viewer.Expected.Add("net::ERR_CONNECTION_REFUSED");
        await viewer.OpenAsync("/web/submit");
        await viewer.Page.SetInputFilesAsync("#files", file);
        await viewer.Page.RouteAsync("**/v1/uploads**", route => route.AbortAsync("connectionrefused"));
        await viewer.Button("Submit").ClickAsync();
        await Assertions.Expect(viewer.At("#chosen .note")).ToContainTextAsync(
            "The server cannot be reached. The upload goes on as soon as it answers.");

        await viewer.Page.UnrouteAsync("**/v1/uploads**");

        await viewer.Page.WaitForURLAsync("**/web/jobs/*-*");
        viewer.AssertQuiet();
    }

    [Fact]
    public async Task Discard_AsksFirst()
    {
        var file = await LargeVideo.MakeAsync(_folder, "discarded.mp4", parts: 2);
        await using var viewer = await OpenInterruptedAsync(file, _ => Task.CompletedTask);

        await viewer.Button("Discard discarded.mp4").ClickAsync();
        await viewer.Button("Back").ClickAsync();
        await Assertions.Expect(viewer.At("#unfinished-list")).ToContainTextAsync("2.1 MB of 4.2 MB sent");
        await viewer.Button("Discard discarded.mp4").ClickAsync();
        await viewer.Button("Discard").ClickAsync();
        await Assertions.Expect(viewer.At("#unfinished")).ToBeHiddenAsync();
        viewer.AssertQuiet();
    }

    /// <summary>Fills the form, loses the network at the second part, and loads the page again.</summary>
    private async Task<Viewer> OpenInterruptedAsync(string file, Func<Viewer, Task> fill)
    {
        var viewer = await web.Browser.OpenAsync(web.Services.HttpAddress);
        viewer.Expected.Add("net::ERR_FAILED");
        await viewer.OpenAsync("/web/submit");
        await viewer.Page.SetInputFilesAsync("#files", file);
        await Assertions.Expect(viewer.At("#pipeline-about")).ToContainTextAsync("objects");
        await fill(viewer);
        var second = $"**/parts/{LargeVideo.PartBytes}?*";
        await viewer.Page.RouteAsync(second, route => route.AbortAsync());
        await viewer.Button("Submit").ClickAsync();
        await Assertions.Expect(viewer.At("#chosen .note")).ToContainTextAsync("2.1 MB of");
        await viewer.Page.ReloadAsync();
        await viewer.Page.UnrouteAsync(second);
        return viewer;
    }
}
