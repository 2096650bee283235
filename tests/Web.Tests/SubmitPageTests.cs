using ForegSyte.Testing;
using ForegSyte.V1;
using ForegSyte.Web.Tests.Browsing;
using Microsoft.Playwright;

namespace ForegSyte.Web.Tests;

/// <summary>Uploads and submissions in the browser.</summary>
[Collection(OpenCollection.Name)]
public sealed class SubmitPageTests(OpenServices web) : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Submit_WithOptions_CreatesTheJob_AndOpensIt()
    {
        await using var viewer = await web.Browser.OpenAsync(web.Services.HttpAddress);
        await viewer.OpenAsync("/web/submit");
        await Assertions.Expect(viewer.At("#pipeline-about")).ToContainTextAsync("objects");
        await viewer.Page.SetInputFilesAsync("#files", RepositoryFiles.Pedestrians);
        await viewer.At("#sampling").SelectOptionAsync("stride");
        await viewer.At("#stride").FillAsync("50");
        await viewer.At("#ranges").FillAsync("0:01-0:09.5");
        await viewer.At("#confidence").FillAsync("0.5");
        await viewer.At("#labels-box summary").ClickAsync();
        await viewer.Page.GetByLabel("person", new PageGetByLabelOptions { Exact = true }).CheckAsync();
        await viewer.At("#areas-box summary").ClickAsync();
        await viewer.At("#areas").FillAsync("zone door: 0.1,0.1 0.9,0.1 0.9,0.9\nline kerb: 0.1,0.5 0.9,0.5");
        await viewer.At("#tags").FillAsync("camera=south, site=hq");
        await viewer.At("#priority").FillAsync("7");
        await viewer.Button("Submit").ClickAsync();

        await viewer.Page.WaitForURLAsync("**/web/jobs/*-*");
        await using var client = web.Services.Client();
        var job = await client.GetJobAsync(viewer.JobId, cancellationToken: Token);
        Assert.Equal("pedestrians.mp4", job.DisplayName);
        Assert.Equal(7, job.Priority);
        Assert.Equal("south", job.Tags["camera"]);
        Assert.Equal(50, job.Options.FrameStride);
        Assert.Equal(["person"], job.Options.Labels);
        Assert.Equal(0.5f, job.Options.MinConfidence);
        Assert.Equal(TimeSpan.FromSeconds(9.5), Assert.Single(job.Options.TimeRanges).End.ToTimeSpan());
        Assert.Equal("door", Assert.Single(job.Options.Zones).Id);
        Assert.Equal(new RelativePoint { X = 0.9, Y = 0.5 }, Assert.Single(job.Options.Lines).End);
        viewer.AssertQuiet();
    }

    [Theory]
    [InlineData("#ranges", "soon", "is not a part of a video")]
    [InlineData("#tags", "Camera=1", "is not a tag")]
    [InlineData("#ranges", "0:30-0:10", "ends before it begins")]
    [InlineData("#ranges", "0:01-0:05, 0:04-0:09", "begins before \"0:01-0:05\" has ended")]
    [InlineData("#areas", "line kerb: 0.1,0.5 0.1,0.5", "the line kerb ends where it begins")]
    [InlineData("#areas", "zone door: 0,0 1,1 1,0 0,1", "the edges of the zone door cross")]
    [InlineData("#tags", "a=b, a=c", "The tag a is written twice")]
    [InlineData("#priority", "12", "Priority must be a number from 0 to 9")]
    public async Task WrongOption_IsExplained_BeforeAnythingIsSent(string field, string value, string problem)
    {
        await using var viewer = await web.Browser.OpenAsync(web.Services.HttpAddress);
        await viewer.OpenAsync("/web/submit");
        await viewer.Page.SetInputFilesAsync("#files", RepositoryFiles.Pedestrians);
        await viewer.At("#areas-box summary").ClickAsync();
        await viewer.At(field).FillAsync(value);
        await viewer.Button("Submit").ClickAsync();

        await Assertions.Expect(viewer.At("#problem")).ToContainTextAsync(problem);
        await Assertions.Expect(viewer.At("#problem")).ToBeFocusedAsync();
        await Assertions.Expect(viewer.At($"{field}-problem")).ToContainTextAsync(problem);
        await Assertions.Expect(viewer.At(field)).ToHaveAttributeAsync("aria-invalid", "true");
        await viewer.At(field).FillAsync("");
        await Assertions.Expect(viewer.At($"{field}-problem")).ToBeHiddenAsync();
        viewer.AssertQuiet();
    }

    [Fact]
    public async Task SeveralWrongOptions_AreExplainedAtOnce()
    {
        await using var viewer = await web.Browser.OpenAsync(web.Services.HttpAddress);
        await viewer.OpenAsync("/web/submit");
        await viewer.Page.SetInputFilesAsync("#files", RepositoryFiles.Pedestrians);
        await viewer.At("#areas-box summary").ClickAsync();
        await viewer.At("#areas").FillAsync("line kerb: 0.1,0.5 0.1,0.5");
        await viewer.At("#ranges").FillAsync("0:30-0:10");
        await viewer.Button("Submit").ClickAsync();

        await Assertions.Expect(viewer.At("#ranges-problem")).ToContainTextAsync("ends before it begins");
        await Assertions.Expect(viewer.At("#areas-problem")).ToContainTextAsync("ends where it begins");
        viewer.AssertQuiet();
    }

    [Fact]
    public async Task FileThatIsNoVideo_IsRefused_WithTheReasonOfTheServer()
    {
        var file = _folder.File("<b>notes.mp4");
        await File.WriteAllTextAsync(file, "No video at all.", Token);
        await using var viewer = await web.Browser.OpenAsync(web.Services.HttpAddress);
        viewer.Expected.Add("400");
        await viewer.OpenAsync("/web/submit");
        await viewer.Page.SetInputFilesAsync("#files", file);
        await viewer.Button("Submit").ClickAsync();

        await Assertions.Expect(viewer.At("#problem")).ToContainTextAsync("<b>notes.mp4: ");
        await Assertions.Expect(viewer.At("#problem")).ToContainTextAsync("ftyp");

        // It cannot continue, so that it is no interrupted upload.
        await viewer.Page.ReloadAsync();
        await Assertions.Expect(viewer.At("#pipeline-about")).ToContainTextAsync("objects");
        await Assertions.Expect(viewer.At("#unfinished")).ToBeHiddenAsync();
        viewer.AssertQuiet();
    }

    [Fact]
    public async Task TwoFilesThatAreNoVideos_AreBothNamed()
    {
        var (one, other) = (_folder.File("one.mp4"), _folder.File("other.mp4"));
        await File.WriteAllTextAsync(one, "No video at all.", Token);
        await File.WriteAllTextAsync(other, "No video either.", Token);
        await using var viewer = await web.Browser.OpenAsync(web.Services.HttpAddress);
        viewer.Expected.Add("400");
        await viewer.OpenAsync("/web/submit");
        await viewer.Page.SetInputFilesAsync("#files", [one, other]);
        await viewer.Button("Submit 2 videos").ClickAsync();

        await Assertions.Expect(viewer.At("#problem")).ToContainTextAsync("one.mp4: ");
        await Assertions.Expect(viewer.At("#problem")).ToContainTextAsync("other.mp4: ");
        viewer.AssertQuiet();
    }

    [Fact]
    public async Task FileThatIsDroppedBesideTheBox_IsChosen()
    {
        await using var viewer = await web.Browser.OpenAsync(web.Services.HttpAddress);
        await viewer.OpenAsync("/web/submit");
        await viewer.Button("Submit").ClickAsync();
        await Assertions.Expect(viewer.At("#problem")).ToHaveTextAsync("Choose a video first.");

        var areCaught = await viewer.Page.EvaluateAsync<bool[]>(
            """
            () => ['dragover', 'drop'].map(type => {
                const dataTransfer = new DataTransfer();
                dataTransfer.items.add(new File(['x'], 'dropped.mp4'));
                const event = new DragEvent(type, { dataTransfer, bubbles: true, cancelable: true });
                document.querySelector('h1').dispatchEvent(event);
                return event.defaultPrevented;
            })
            """);

        Assert.Equal([true, true], areCaught);
        await Assertions.Expect(viewer.At("#chosen")).ToContainTextAsync("dropped.mp4");
        await Assertions.Expect(viewer.At("#problem")).ToBeHiddenAsync();
        viewer.AssertQuiet();
    }

    [Fact]
    public async Task LargeFile_WithAWrongOption_IsExplained_BeforeItIsSent()
    {
        var file = await LargeVideo.MakeAsync(_folder, "large.mp4", parts: 32);
        await using var viewer = await web.Browser.OpenAsync(web.Services.HttpAddress);
        viewer.Expected.Add("400");
        var uploads = 0;
        viewer.Page.Request += (_, request) =>
            uploads += request.Url.Contains("/v1/uploads", StringComparison.Ordinal) ? 1 : 0;
        await viewer.OpenAsync("/web/submit");
        await viewer.Page.SetInputFilesAsync("#files", file);
        await viewer.At("#tags").FillAsync($"camera={new string('x', 300)}");
        await viewer.Button("Submit").ClickAsync();

        await Assertions.Expect(viewer.At("#tags-problem")).ToContainTextAsync("255");
        await Assertions.Expect(viewer.At("#problem")).ToBeFocusedAsync();
        Assert.Equal(0, uploads);
        viewer.AssertQuiet();
    }

    [Fact]
    public async Task LargeFile_BecomesAJob_AndTheConsoleStaysEmpty()
    {
        var file = await LargeVideo.MakeAsync(_folder, "large.mp4", parts: 32);
        await using var viewer = await web.Browser.OpenAsync(web.Services.HttpAddress);
        await viewer.OpenAsync("/web/submit");
        await viewer.Page.SetInputFilesAsync("#files", file);
        await viewer.Button("Submit").ClickAsync();

        await viewer.Page.WaitForURLAsync("**/web/jobs/*-*");
        viewer.AssertQuiet();
    }

    [Fact]
    public async Task DrawnZoneAndLine_BecomeText()
    {
        await using var viewer = await web.Browser.OpenAsync(web.Services.HttpAddress);
        await viewer.OpenAsync("/web/submit");
        await viewer.Page.SetInputFilesAsync("#files", RepositoryFiles.Pedestrians);
        await viewer.At("#areas-box summary").ClickAsync();
        await viewer.At("#draw").WaitForAsync();
        var canvas = viewer.At("#frame");
        await canvas.ScrollIntoViewIfNeededAsync();
        var box = (await canvas.BoundingBoxAsync())!;
        await viewer.Button("Draw a line").ClickAsync();
        await ClickAtAsync(0.25f, 0.5f);
        await ClickAtAsync(0.75f, 0.5f);
        await viewer.Button("Draw a zone").ClickAsync();
        await ClickAtAsync(0.25f, 0.25f);
        await ClickAtAsync(0.75f, 0.25f);
        await ClickAtAsync(0.5f, 0.75f);
        await viewer.Page.Keyboard.PressAsync("Enter");

        var lines = (await viewer.At("#areas").InputValueAsync()).Split('\n');
        Assert.Matches(@"^line line-1: 0\.2[45]\d,0\.(49|50)\d 0\.7[45]\d,0\.(49|50)\d$", lines[0]);
        Assert.Matches(@"^zone zone-1: (0\.\d{3},0\.\d{3} ?){3}$", lines[1]);
        await Assertions.Expect(viewer.At("#areas-summary")).ToHaveTextAsync("1 zone, 1 line");
        viewer.AssertQuiet();

        Task ClickAtAsync(float x, float y) => canvas.ClickAsync(new LocatorClickOptions
        {
            Position = new Position { X = box.Width * x, Y = box.Height * y },
        });
    }
}
