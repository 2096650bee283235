using System.Text.Json;
using ForegSyte.Client;
using ForegSyte.Testing;
using ForegSyte.V1;
using ForegSyte.Web.Tests.Browsing;
using Microsoft.Playwright;

namespace ForegSyte.Web.Tests.Player;

/// <summary>
/// Both services with the web page and a completed job of the sample, with every fifth frame analyzed.
/// </summary>
public sealed class PlayedServices : IAsyncLifetime
{
    /// <summary>A name that would run a script if it got into the page as HTML.</summary>
    public const string HostileName = "<img src=x onerror=alert(1)>.mp4";

    public Installation Services { get; } = new(WebSettings.With());

    public Browser Browser { get; } = new();

    /// <summary>The completed job.</summary>
    public Job Job { get; private set; } = new();

    /// <summary>Its results by frame.</summary>
    public IReadOnlyDictionary<int, FrameResult> Results { get; private set; } = new Dictionary<int, FrameResult>();

    /// <inheritdoc />
    public async ValueTask InitializeAsync()
    {
        // A loaded machine is slow, never wrong.
        Assertions.SetDefaultExpectTimeout((float)Wait.Timeout.TotalMilliseconds);
        await Browser.InitializeAsync();
        await Services.StartAsync();
        Job = await AnalyzeAsync(RepositoryFiles.Pedestrians, "yolo_ocr", stride: 5, HostileName);
        await using var client = Services.Client();
        var results = new Dictionary<int, FrameResult>();
        await foreach (var frame in client.GetResultsAsync(Job.JobId))
        {
            results[frame.FrameIndex] = frame;
        }

        Results = results;
    }

    /// <summary>Submits a file and waits until the job is completed.</summary>
    public async Task<Job> AnalyzeAsync(
        string path, string pipeline, int stride, string name = "", string camera = "north")
    {
        await using var client = Services.Client();
        var job = await client.SubmitFileAsync(path, new SubmitOptions
        {
            PipelineId = pipeline,
            FrameStride = stride,
            DisplayName = name,
            Tags = new Dictionary<string, string> { ["camera"] = camera },
        });
        return await client.WaitForCompletionAsync(job.JobId);
    }

    /// <summary>Waits until searches find a job, some seconds after its end.</summary>
    public async Task WaitForIndexAsync(string jobId)
    {
        await using var client = Services.Client();
        await Wait.ForAsync(
            async () =>
            {
                await foreach (var match in client.SearchTracksAsync(new() { Label = "person" }))
                {
                    if (match.Job.JobId == jobId)
                    {
                        return true;
                    }
                }

                return false;
            },
            isFound => isFound,
            "the job can be found");
    }

    /// <summary>Opens a window, or skips the test.</summary>
    public async Task<Viewer> OpenAsync(int width = 1440, ColorScheme scheme = ColorScheme.Light)
    {
        var viewer = await Browser.OpenAsync(Services.HttpAddress, width, scheme);
        viewer.Page.SetDefaultTimeout((float)Wait.Timeout.TotalMilliseconds);
        return viewer;
    }

    /// <summary>Opens the page of a job, or skips the test, and waits for its first frame with results.</summary>
    public async Task<JobViewer> OpenJobAsync(
        string jobId, string hash = "", int width = 1440, ColorScheme scheme = ColorScheme.Light)
    {
        var viewer = await OpenAsync(width, scheme);
        await viewer.OpenAsync($"/web/jobs/{jobId}{hash}");
        var job = new JobViewer(viewer);

        // What the browser says about tests that read pixels.
        viewer.Expected.Add("willReadFrequently");
        await job.WaitAsync("Number.isInteger(drawn?.frame)");
        return job;
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        await Browser.DisposeAsync();
        await Services.DisposeAsync();
    }
}

/// <summary>Tests over one set of services with a completed job, one after the other.</summary>
[CollectionDefinition(Name)]
public sealed class PlayedCollection : ICollectionFixture<PlayedServices>
{
    public const string Name = "played services";
}

/// <summary>A person at the page of a job.</summary>
public sealed class JobViewer(Viewer viewer) : IAsyncDisposable
{
    private const string Overlay = "document.getElementById('overlay')";

    public Viewer Viewer { get; } = viewer;

    public IPage Page => Viewer.Page;

    /// <summary>Waits until an expression over `drawn`, what is on the canvas, is true.</summary>
    public Task WaitAsync(string condition) => WaitForAsync(
        $"(() => {{ const drawn = {Overlay}?.drawn; return Boolean({condition}); }})()", condition);

    /// <summary>Waits until the timeline has a number of lanes.</summary>
    public Task WaitForLanesAsync(int count) => WaitForAsync(
        $"Number(document.getElementById('timeline')?.dataset.lanes) >= {count}", $"the timeline has {count} lanes");

    /// <summary>Waits until the canvas has the size of the picture on the screen.</summary>
    public Task WaitForSizeAsync() => WaitForAsync(
        $"{Overlay}.clientWidth > 0 && {Overlay}.width === Math.round({Overlay}.clientWidth * devicePixelRatio)",
        "the canvas has the size of the picture");

    /// <summary>What is on the canvas.</summary>
    public async Task<Drawing> DrawnAsync()
    {
        var json = await Page.EvaluateAsync<string>($"() => JSON.stringify({Overlay}.drawn)");
        return JsonSerializer.Deserialize<Drawing>(json, JsonSerializerOptions.Web)!;
    }

    /// <summary>
    /// Waits for a script to return true. It polls, because WaitForFunctionAsync evaluates a text in the page, which
    /// the Content-Security-Policy forbids.
    /// </summary>
    private async Task WaitForAsync(string script, string what) => await Wait.ForAsync(
        async () =>
        {
            try
            {
                return await Page.EvaluateAsync<bool>(script);
            }
            catch (PlaywrightException failure)
                when (failure.Message.Contains("context was destroyed", StringComparison.Ordinal))
            {
                // Another page is being loaded.
                return false;
            }
        },
        isTrue => isTrue,
        what);

    /// <summary>Color of the canvas at a place of the video, red, green, blue, alpha.</summary>
    public Task<int[]> PixelAsync(double x, double y, int videoWidth, int videoHeight) =>
        Page.EvaluateAsync<int[]>(
            $$"""
            ([x, y]) => {
                const canvas = {{Overlay}};
                const place = [Math.round(x * canvas.width), Math.round(y * canvas.height)];
                return [...canvas.getContext('2d').getImageData(...place, 1, 1).data];
            }
            """,
            new[] { x / videoWidth, y / videoHeight });

    /// <inheritdoc />
    public ValueTask DisposeAsync() => Viewer.DisposeAsync();
}

/// <summary>What the page drew over a frame.</summary>
/// <param name="Milliseconds">Position of the player.</param>
/// <param name="Frame">Frame of the results; null for none.</param>
/// <param name="Items">What was drawn.</param>
public sealed record Drawing(double Milliseconds, int? Frame, IReadOnlyList<DrawnItem> Items)
{
    public IEnumerable<DrawnItem> Objects => Items.Where(item => item.Kind == "object");

    public IEnumerable<DrawnItem> Texts => Items.Where(item => item.Kind == "text");
}

/// <summary>A box or a text that the page drew.</summary>
public sealed record DrawnItem(
    string Kind, string Label, string Text, int TrackId, double X, double Y, double Width, double Height,
    bool IsDashed);
