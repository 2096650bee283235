using ForegSyte.Testing;
using ForegSyte.V1;
using Microsoft.Playwright;

namespace ForegSyte.Web.Tests.Player;

/// <summary>The page of a job in a real browser, with real results.</summary>
[Collection(PlayedCollection.Name)]
public sealed class JobPageTests(PlayedServices web)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Overlay_FirstFrame_HasTheBoxesAndTextsOfTheResults()
    {
        await using var job = await web.OpenJobAsync(web.Job.JobId);

        await AssertDrawnAsync(job, frame: 0);

        var first = await job.Page.EvaluateAsync<double>("performance.getEntriesByName('first-overlay')[0].startTime");
        TestContext.Current.TestOutputHelper!.WriteLine($"First overlay after {first:0} ms");
        job.Viewer.AssertQuiet();
    }

    [Theory]
    [InlineData("#t=5", 50)]
    [InlineData("#t=9.5", 95)]
    public async Task Address_WithATime_ShowsThatFrame(string hash, int frame)
    {
        await using var job = await web.OpenJobAsync(web.Job.JobId, hash);

        await job.WaitAsync($"drawn.frame === {frame}");

        await AssertDrawnAsync(job, frame);
        job.Viewer.AssertQuiet();
    }

    [Fact]
    public async Task Seek_BetweenAnalyzedFrames_DrawsInterpolatedBoxesDashed()
    {
        await using var job = await web.OpenJobAsync(web.Job.JobId);

        await SeekAsync(job, 5_200);
        await job.WaitAsync("drawn.frame === 52");

        var drawn = await job.DrawnAsync();
        Assert.NotEmpty(drawn.Objects);
        Assert.All(drawn.Objects, item => Assert.True(item.IsDashed, "A box between analyzed frames is not dashed."));
        var text = Assert.Single(drawn.Texts);
        Assert.Equal("GATE 07 NORTH", text.Text);
        await SeekAsync(job, 1_000);
        await job.WaitAsync("drawn.frame === 10");
        await AssertDrawnAsync(job, 10);
        job.Viewer.AssertQuiet();
    }

    [Fact]
    public async Task Keys_PlayPauseAndStep_KeepTheBoxesInStep()
    {
        await using var job = await web.OpenJobAsync(web.Job.JobId);

        await job.Page.Keyboard.PressAsync("k");
        await job.WaitAsync("drawn.frame >= 12");
        await job.Page.Keyboard.PressAsync("k");
        await job.Viewer.Button("Play").WaitForAsync();

        // A frame is shown for 100 ms. The one at which the video stands can be drawn after the button changed.
        await job.WaitAsync(
            "drawn.frame !== null && drawn.milliseconds - drawn.frame * 100 >= -1 "
            + "&& drawn.milliseconds - drawn.frame * 100 <= 100");
        await SeekAsync(job, 2_000);
        await job.WaitAsync("drawn.frame === 20");
        await job.Page.Keyboard.PressAsync(".");
        await job.WaitAsync("drawn.frame === 21");
        await job.Page.Keyboard.PressAsync(",");
        await job.WaitAsync("drawn.frame === 20");
        await job.Page.WaitForURLAsync("**/web/jobs/*#t=2.000");
        job.Viewer.AssertQuiet();
    }

    [Fact]
    public async Task Choices_HideWhatIsNotWanted()
    {
        await using var job = await web.OpenJobAsync(web.Job.JobId);

        await job.Page.UncheckAsync("#show-texts");
        await job.WaitAsync("drawn.items.every(item => item.kind !== 'text')");
        await job.Page.GetByRole(AriaRole.Button, new() { Name = "person", Exact = true }).First.ClickAsync();
        await job.WaitAsync("drawn.items.every(item => item.label !== 'person')");
        Assert.Contains((await job.DrawnAsync()).Objects, item => item.Label != "person");
        await job.Page.UncheckAsync("#show-objects");
        await job.WaitAsync("drawn.items.length === 0");
        job.Viewer.AssertQuiet();
    }

    [Fact]
    public async Task Timeline_ClickAndKeys_Jump()
    {
        await using var job = await web.OpenJobAsync(web.Job.JobId);
        var timeline = job.Viewer.At("#timeline");
        await job.WaitForLanesAsync(6);

        var box = await timeline.BoundingBoxAsync();
        await timeline.ClickAsync(new() { Position = new Position { X = 150 + ((box!.Width - 150) / 2), Y = 60 } });
        await job.WaitAsync("Math.abs(drawn.milliseconds - 5000) < 300");

        // The lanes are the shots, then the objects by label; Enter jumps to the start of one. The click chose one of
        // the first lanes.
        await timeline.FocusAsync();
        for (var i = 0; i < 3; i++)
        {
            await job.Page.Keyboard.PressAsync("ArrowUp");
        }

        await job.Page.Keyboard.PressAsync("Enter");
        await job.WaitAsync("drawn.milliseconds < 100");
        job.Viewer.AssertQuiet();
    }

    [Fact]
    public async Task Timeline_ThatIsZoomed_FollowsAJump()
    {
        await using var job = await web.OpenJobAsync(web.Job.JobId, "#t=8");
        var timeline = job.Viewer.At("#timeline");
        await job.WaitForLanesAsync(6);
        await job.WaitAsync("drawn.frame === 80");
        await timeline.FocusAsync();
        await job.Page.Keyboard.PressAsync("+");
        await job.Page.Keyboard.PressAsync("+");
        await Assertions.Expect(timeline).Not.ToHaveAttributeAsync("data-from", "0");

        await job.Page.Keyboard.PressAsync("ArrowDown");
        await job.Page.Keyboard.PressAsync("Enter");

        await job.WaitAsync("drawn.milliseconds < 100");
        await Assertions.Expect(timeline).ToHaveAttributeAsync("data-from", "0");
        job.Viewer.AssertQuiet();
    }

    [Fact]
    public async Task Times_OfSeveralAttempts_LeaveOutTheTimeBetweenThem()
    {
        await using var viewer = await web.OpenAsync();
        await viewer.Page.RouteAsync($"**/v1/jobs/{web.Job.JobId}", async route =>
        {
            var response = await route.FetchAsync();
            var answer = System.Text.Json.Nodes.JsonNode.Parse(await response.TextAsync())!;
            var shown = answer["job"]!;
            shown["created_at"] = "2026-01-01T10:00:00Z";
            shown["timings"]!["queued"] = "360s";
            shown["timings"]!["total"] = "363s";
            shown["attempts"] = new System.Text.Json.Nodes.JsonArray(
                AttemptOf(1, "10:00:02", "10:00:03"), AttemptOf(2, "10:06:00", "10:06:03"));
            await route.FulfillAsync(new() { Response = response, Body = answer.ToJsonString() });
        });
        await viewer.OpenAsync($"/web/jobs/{web.Job.JobId}");

        await Assertions.Expect(viewer.At("#details")).ToContainTextAsync("Waited2.0 s before the first attempt");
        await Assertions.Expect(viewer.At("#details")).ToContainTextAsync("Took4.0 s in 2 attempts");

        static System.Text.Json.Nodes.JsonNode AttemptOf(int number, string start, string end) =>
            System.Text.Json.JsonSerializer.SerializeToNode(new
            {
                number,
                started_at = $"2026-01-01T{start}Z",
                ended_at = $"2026-01-01T{end}Z",
                error_message = "",
            })!;
    }

    [Fact]
    public async Task Objects_HaveThumbnailsAndJump()
    {
        await using var job = await web.OpenJobAsync(web.Job.JobId);
        await using var client = web.Services.Client();
        var tracks = new List<ObjectTrack>();
        await foreach (var track in client.ListObjectTracksAsync(web.Job.JobId, cancellationToken: Token))
        {
            tracks.Add(track);
        }

        var later = tracks.MaxBy(track => track.First.FrameIndex)!;
        var entry = job.Viewer.At($"#tracks [data-key=o{later.TrackId}]");
        await entry.ScrollIntoViewIfNeededAsync();
        await entry.Locator("img.ready").WaitForAsync();
        Assert.InRange(await entry.Locator("img").EvaluateAsync<int>("image => image.naturalWidth"), 10, 160);
        await entry.Locator("button").ClickAsync();

        await job.WaitAsync($"drawn.frame === {later.First.FrameIndex}");
        Assert.Contains((await job.DrawnAsync()).Objects, item => item.TrackId == later.TrackId);
        job.Viewer.AssertQuiet();
    }

    [Fact]
    public async Task Facts_SayWhatWasFoundAndOfferExports()
    {
        await using var job = await web.OpenJobAsync(web.Job.JobId);

        var persons = web.Job.Summary.Labels.Single(label => label.Label == "person").TrackCount;
        await Assertions.Expect(job.Viewer.At("#summary")).ToContainTextAsync($"{persons} persons");
        var link = job.Viewer.At("#downloads a").Filter(new() { HasText = "Detections" }).First;
        var reply = await job.Page.APIRequest.GetAsync(
            web.Services.HttpAddress + (await link.GetAttributeAsync("href"))!.TrimStart('/'));
        Assert.StartsWith("frame_index,", await reply.TextAsync(), StringComparison.Ordinal);
        await Assertions.Expect(job.Viewer.At("#state")).ToContainTextAsync("The job is completed");
        job.Viewer.AssertQuiet();
    }

    [Fact]
    public async Task AnnotatedCopy_IsAVideoThatTheBrowserPlays_WithEveryFrame()
    {
        await using var job = await web.OpenJobAsync(web.Job.JobId);
        var link = job.Viewer.At("#downloads a").Filter(new() { HasText = "Annotated video" });
        var download = await job.Page.RunAndWaitForDownloadAsync(() => link.ClickAsync());
        using var folder = new TemporaryFolder();
        var copy = folder.File("copy.mp4");
        await download.SaveAsAsync(copy);

        var packets = await Shell.RunAsync(
            "ffprobe -v error -show_entries packet=pts_time -of csv=p=0 copy.mp4", folder.Path);
        var times = packets.StandardOutput.Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => double.Parse(line.TrimEnd(','), System.Globalization.CultureInfo.InvariantCulture));
        Assert.Equal(Enumerable.Range(0, 100).Select(frame => frame / 10.0), times);
        Assert.EndsWith(".annotated.mp4", download.SuggestedFilename, StringComparison.Ordinal);
        await job.Page.EvaluateAsync(
            """
            async address => {
                const video = document.createElement('video');
                video.src = address;
                await new Promise((resolve, reject) => {
                    video.onloadeddata = resolve;
                    video.onerror = () => reject(new Error(video.error.message));
                });
            }
            """,
            await link.GetAttributeAsync("href"));
        job.Viewer.AssertQuiet();
    }

    [Fact]
    public async Task HostileNamesAndTexts_AreOnlyText()
    {
        await using var viewer = await web.OpenAsync();
        await viewer.Page.RouteAsync("**/v1/jobs/**", async route =>
        {
            if (route.Request.ResourceType is not "fetch")
            {
                await route.FallbackAsync();
                return;
            }

            var response = await route.FetchAsync();
            var hostile = (await response.TextAsync()).Replace(
                "GATE 07 NORTH", "<img src=y onerror=alert(2)>", StringComparison.Ordinal);
            await route.FulfillAsync(new() { Response = response, Body = hostile });
        });
        await viewer.OpenAsync($"/web/jobs/{web.Job.JobId}");
        var job = new JobViewer(viewer);

        await job.WaitAsync("drawn?.items.some(item => item.text?.includes('onerror'))");
        await Assertions.Expect(viewer.At("#tracks")).ToContainTextAsync("“<img src=y onerror=alert(2)>”");
        await Assertions.Expect(viewer.At("h1")).ToHaveTextAsync(PlayedServices.HostileName);
        Assert.Equal(0, await viewer.At("img[src=x], img[src=y]").CountAsync());
        viewer.AssertQuiet();
    }

    [Fact]
    public async Task VideoThatTheBrowserCannotPlay_IsShownAsFramesOfTheServer()
    {
        using var folder = new TemporaryFolder();
        var path = await Clips.MakeOpenHevcAsync(folder.File("hevc.mp4"));
        var hevc = await web.AnalyzeAsync(path, "detect_only", stride: 10);
        await using var job = await web.OpenJobAsync(hevc.JobId);

        await job.Page.WaitForSelectorAsync("#player[data-mode=server]");
        await Assertions.Expect(job.Viewer.At(".stage-message")).ToContainTextAsync("hevc");
        await SeekAsync(job, 1_200);
        await job.WaitAsync("drawn.milliseconds === 1200 && drawn.frame === 30");

        var size = await job.Page.EvaluateAsync<int[]>(
            "() => { const view = document.querySelector('.stage canvas'); return [view.width, view.height]; }");
        Assert.Equal([160, 120], size);
        await job.Page.Keyboard.PressAsync("k");
        await job.WaitAsync("drawn.milliseconds > 1500");

        // Chromium says in the console that it has no decoder.
        job.Viewer.AssertQuiet();
    }

    [Fact]
    public async Task JobThatRuns_IsFollowedToItsEnd()
    {
        await using var client = web.Services.Client();
        var submitted = await client.SubmitFileAsync(
            RepositoryFiles.Pedestrians,
            new ForegSyte.Client.SubmitOptions { PipelineId = "detect_only", FrameStride = 20 },
            cancellationToken: Token);
        await using var viewer = await web.OpenAsync();

        await viewer.OpenAsync($"/web/jobs/{submitted.JobId}");
        await viewer.Page.WaitForSelectorAsync("#head [data-status=completed]");
        await viewer.Page.WaitForSelectorAsync("#summary");

        await new JobViewer(viewer).WaitAsync("drawn?.items.some(item => item.trackId > 0)");
        viewer.AssertQuiet();
    }

    [Fact]
    public async Task SubmitPage_Video_LeadsToItsOverlay()
    {
        await using var viewer = await web.OpenAsync();
        await viewer.OpenAsync("/web/submit");
        await viewer.Page.SetInputFilesAsync("#files", RepositoryFiles.Pedestrians);
        await viewer.Page.SelectOptionAsync("#pipeline", "detect_only");
        await viewer.Page.SelectOptionAsync("#sampling", "stride");
        await viewer.Page.FillAsync("#stride", "50");
        await viewer.At("#send").ClickAsync();
        await viewer.Page.WaitForURLAsync("**/web/jobs/*-*");

        var job = new JobViewer(viewer);
        await viewer.Page.WaitForSelectorAsync("#head [data-status=completed]");
        await job.WaitAsync("drawn?.frame === 0 && drawn.items.length > 0");
        await using var client = web.Services.Client();
        await foreach (var frame in client.GetResultsAsync(viewer.JobId, cancellationToken: Token))
        {
            AssertSame(frame, await job.DrawnAsync());
            break;
        }

        viewer.AssertQuiet();
    }

    private static async Task SeekAsync(JobViewer job, int milliseconds) => await job.Viewer.At(".seek").EvaluateAsync(
        "(slider, time) => { slider.value = time; slider.dispatchEvent(new Event('input')); }", milliseconds);

    /// <summary>Compares the list of what was drawn, and pixels on the canvas, with the results.</summary>
    private async Task AssertDrawnAsync(JobViewer job, int frame)
    {
        var wanted = web.Results[frame];
        await job.WaitAsync($"drawn.frame === {frame}");
        AssertSame(wanted, await job.DrawnAsync());
        await job.WaitForSizeAsync();
        var box = wanted.Result.Detections[0].Box;
        var edge = await job.PixelAsync(
            box.X, box.Y + (box.Height / 2), web.Job.Video.Width, web.Job.Video.Height);

        // An edge between two pixels paints both in part.
        Assert.True(edge[3] > 100, $"The edge of a box is not painted: {string.Join(", ", edge)}");
        var corner = await job.PixelAsync(
            web.Job.Video.Width / 2, web.Job.Video.Height - 5, web.Job.Video.Width, web.Job.Video.Height);
        Assert.Equal(0, corner[3]);
    }

    private static void AssertSame(FrameResult wanted, Drawing drawn)
    {
        Assert.Equal(wanted.FrameIndex, drawn.Frame);
        Assert.Equal(
            wanted.Result.Detections.Select(found => (
                found.Label, found.TrackId, Round(found.Box.X), Round(found.Box.Y), Round(found.Box.Width),
                Round(found.Box.Height))).Order(),
            drawn.Objects.Where(item => !item.IsDashed).Select(item => (
                item.Label, item.TrackId, Round(item.X), Round(item.Y), Round(item.Width), Round(item.Height)))
                .Order());
        Assert.Equal(
            wanted.Result.TextRegions.Select(region => region.Text).Order(),
            drawn.Texts.Select(item => item.Text).Order());

        static double Round(double number) => Math.Round(number, 2);
    }
}
