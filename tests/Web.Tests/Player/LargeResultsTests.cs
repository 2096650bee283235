using System.Text.Json;
using System.Web;
using ForegSyte.Testing;
using Microsoft.Playwright;

namespace ForegSyte.Web.Tests.Player;

/// <summary>
/// A video of 10,000 frames with 20 objects in each, and 2,000 tracks. The video comes from the service, the results
/// from the test, because models would need half an hour for them.
/// </summary>
[Collection(PlayedCollection.Name)]
public sealed class LargeResultsTests(PlayedServices web)
{
    private const int Frames = 10_000;
    private const int FramesPerSecond = 25;
    private const int ObjectsOfAFrame = 20;
    private const int FramesOfAPage = 125;
    private const int Tracks = 2_000;

    private static readonly string[] Labels = ["person", "car", "truck", "bus", "bicycle"];

    [Fact]
    public async Task TenThousandFrames_PlayAndSeek_KeepFewFramesInMemory()
    {
        using var folder = new TemporaryFolder();
        var path = await Clips.MakeTestPictureAsync(
            folder.File("long.mp4"), 160, 90, Frames, FramesPerSecond, keyFrameEvery: 50);
        var job = await web.AnalyzeAsync(path, "detect_only", stride: Frames);
        await using var viewer = await web.OpenAsync();
        await viewer.Page.RouteAsync("**/v1/jobs/*/results?*", route =>
        {
            var start = int.Parse(
                HttpUtility.ParseQueryString(new Uri(route.Request.Url).Query)["start_frame"]!,
                System.Globalization.CultureInfo.InvariantCulture);
            var frames = Enumerable.Range(start, Math.Max(0, Math.Min(FramesOfAPage, Frames - start))).Select(FrameOf);
            return AnswerAsync(route, new
            {
                results = frames,
                next_page_token = start + FramesOfAPage < Frames ? "more" : "",
                complete = true,
                end_frame = Frames,
            });
        });
        await viewer.Page.RouteAsync("**/v1/jobs/*/objectTracks?*", route => AnswerAsync(route, new
        {
            object_tracks = Enumerable.Range(0, Tracks).Select(TrackOf),
            next_page_token = "",
        }));
        await viewer.OpenAsync($"/web/jobs/{job.JobId}");
        var page = new JobViewer(viewer);
        await page.WaitAsync("drawn?.frame === 0");
        await page.WaitForLanesAsync(Tracks);
        var before = await HeapAsync(viewer.Page);

        await viewer.Page.Keyboard.PressAsync("k");
        await page.WaitAsync("drawn.frame >= 250");
        await viewer.Page.Keyboard.PressAsync("k");
        var quality = await viewer.Page.EvaluateAsync<int[]>(
            """
            () => {
                const quality = document.querySelector('video').getVideoPlaybackQuality();
                return [quality.totalVideoFrames, quality.droppedVideoFrames];
            }
            """);
        for (var seek = 1; seek <= 30; seek++)
        {
            var frame = seek * 7_919 % Frames;
            await viewer.Page.Locator(".seek").EvaluateAsync(
                "(slider, time) => { slider.value = time; slider.dispatchEvent(new Event('input')); }", frame * 40);
            await page.WaitAsync($"drawn.frame === {frame}");
            Assert.Equal(ObjectsOfAFrame, (await page.DrawnAsync()).Items.Count);
        }

        // The lanes in view, of 2,000.
        Assert.InRange(
            await viewer.Page.EvaluateAsync<int>("() => Number(document.getElementById('timeline').dataset.painted)"),
            1, 40);
        var after = await HeapAsync(viewer.Page);
        TestContext.Current.TestOutputHelper!.WriteLine(
            $"{quality[0]} frames played, {quality[1]} dropped; heap {before / 1e6:0.0} MB before, "
            + $"{after / 1e6:0.0} MB after 250 frames and 30 seeks");

        // 12 pages of 125 frames take a few megabytes; all 10,000 frames would take 30.
        Assert.InRange(after - before, double.MinValue, 15e6);
        viewer.AssertQuiet();
    }

    private static object FrameOf(int frame) => new
    {
        frame_index = frame,
        frame_timestamp_ms = frame * 40,
        damaged = false,
        result = new
        {
            text = "",
            text_regions = Array.Empty<object>(),
            interpolated_detections = Array.Empty<object>(),
            detections = Enumerable.Range(0, ObjectsOfAFrame).Select(number => new
            {
                label = Labels[number % Labels.Length],
                class_id = number % Labels.Length,
                confidence = 0.5,
                track_id = (frame / 100 * ObjectsOfAFrame) + number + 1,
                box = new { x = ((number * 31) + frame) % 140, y = number * 47 % 70, width = 20, height = 15 },
            }),
        },
    };

    private static object TrackOf(int track)
    {
        var first = track / ObjectsOfAFrame * 100;
        return new
        {
            track_id = track + 1,
            label = Labels[track % Labels.Length],
            confidence = 0.5,
            first = PointAt(first),
            last = PointAt(first + 99),
            best = PointAt(first + 50),
            frames_seen = 100,
            zone_visits = Array.Empty<object>(),
            line_crossings = Array.Empty<object>(),
            live = false,
        };

        static object PointAt(int frame) => new
        {
            frame_index = frame,
            frame_timestamp_ms = frame * 40,
            box = new { x = 10, y = 10, width = 20, height = 15 },
        };
    }

    private static Task AnswerAsync(IRoute route, object answer) => route.FulfillAsync(new()
    {
        ContentType = "application/json",
        Body = JsonSerializer.Serialize(answer),
    });

    /// <summary>Bytes of the JavaScript heap after a garbage collection.</summary>
    private static async Task<double> HeapAsync(IPage page)
    {
        var session = await page.Context.NewCDPSessionAsync(page);
        await session.SendAsync("HeapProfiler.enable");
        await session.SendAsync("HeapProfiler.collectGarbage");
        var usage = await session.SendAsync("Runtime.getHeapUsage");
        await session.DetachAsync();
        return usage!.Value.GetProperty("usedSize").GetDouble();
    }
}
