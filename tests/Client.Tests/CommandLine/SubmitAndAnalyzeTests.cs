using ForegSyte.Client.Tests.Annotation;
using ForegSyte.Client.Tests.Fakes;
using ForegSyte.Protocol.Json;
using ForegSyte.Testing;
using ForegSyte.V1;
using Google.Protobuf.WellKnownTypes;

namespace ForegSyte.Client.Tests.CommandLine;

public sealed class SubmitAndAnalyzeTests : IAsyncLifetime
{
    private readonly TemporaryFolder _folder = new();
    private ScriptedServer _server = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _server = await ScriptedServer.StartAsync();
        _server.Service.Submit.Answer(new SubmitVideoResponse { Job = SampleJobs.Pending() });
    }

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    public async Task Submit_File_PrintsTheJobIdAlone()
    {
        var run = await CommandLineRun.OnAsync(
            _server, "submit", RepositoryFiles.Pedestrians, "-p", "ocr_only", "--stride", "5", "--max-frames", "9",
            "--name", "gate", "--priority", "8");

        Assert.Equal((0, SampleJobs.Id + Environment.NewLine), (run.ExitCode, run.Output));
        Assert.Contains($"foregsyte wait {SampleJobs.Id}", run.Error, StringComparison.Ordinal);
        var request = Assert.Single(_server.Service.Submit.Requests);
        Assert.Equal(("ocr_only", "gate", 8), (request.PipelineId, request.DisplayName, request.Priority));
        Assert.Equal(new JobOptions { FrameStride = 5, MaxFrames = 9 }, request.Options);
        Assert.Equal(SubmitVideoRequest.SourceOneofCase.Content, request.SourceCase);
    }

    [Fact]
    public async Task Submit_Uri_IsSent()
    {
        var run = await CommandLineRun.OnAsync(_server, "submit", "file:///videos/a.mp4", "--json");

        var request = Assert.Single(_server.Service.Submit.Requests);
        Assert.Equal(("file:///videos/a.mp4", false), (request.Uri, request.HasPriority));
        Assert.Equal(SampleJobs.Pending(), ForegSyteJson.StrictParser.Parse<Job>(run.Output));
    }

    [Fact]
    public async Task Submit_Tags_AreSent()
    {
        var run = await CommandLineRun.OnAsync(
            _server, "submit", "s3://videos/a.mp4", "--tag", "camera=north", "--tag", "note=a=b", "--tag", "site=");

        Assert.Equal(0, run.ExitCode);
        Assert.Equal(
            new Dictionary<string, string> { ["camera"] = "north", ["note"] = "a=b", ["site"] = "" },
            Assert.Single(_server.Service.Submit.Requests).Tags);
    }

    [Theory]
    [InlineData("'camera' is not a tag. Use KEY=VALUE", "--tag", "camera")]
    [InlineData("'=north' is not a tag.", "--tag", "=north")]
    [InlineData("The tag 'a' is given twice.", "--tag", "a=1", "--tag", "a=2")]
    public async Task Submit_BadTag_IsAUsageError(string error, params string[] options)
    {
        var run = await CommandLineRun.OnAsync(_server, ["submit", "s3://videos/a.mp4", .. options]);

        Assert.Equal(2, run.ExitCode);
        Assert.Contains(error, run.Error, StringComparison.Ordinal);
        Assert.Empty(_server.Service.Submit.Requests);
    }

    [Fact]
    public async Task Submit_Choices_AreSent()
    {
        var run = await CommandLineRun.OnAsync(
            _server, "submit", "s3://videos/a.mp4", "--range", "10s-20.5s", "--range", "1.5m-", "--fps", "2.5",
            "--label", "person", "--label", "traffic light", "--min-confidence", "0.5",
            "--region", "0,0.5;1,0.5;1,1;0,1", "--zone", "door=0,0;0.5,0;0,1e-1", "--line", "gate=0,0.5;1,0.5",
            "--reuse", "--sampling", "adaptive");

        Assert.Equal(0, run.ExitCode);
        var request = Assert.Single(_server.Service.Submit.Requests);
        Assert.True(request.ReuseResults, "reuse_results was not sent.");
        Assert.Equal(
            new JobOptions
            {
                TimeRanges =
                {
                    new TimeRange { Start = Seconds(10), End = Seconds(20.5) }, new TimeRange { Start = Seconds(90) },
                },
                FramesPerSecond = 2.5,
                Sampling = Sampling.Adaptive,
                Labels = { "person", "traffic light" },
                MinConfidence = 0.5f,
                Regions = { Polygon((0, 0.5), (1, 0.5), (1, 1), (0, 1)) },
                Zones = { new Zone { Id = "door", Area = Polygon((0, 0), (0.5, 0), (0, 0.1)) } },
                Lines = { new CountingLine { Id = "gate", Start = Point(0, 0.5), End = Point(1, 0.5) } },
            },
            request.Options);

        static Duration Seconds(double seconds) => TimeSpan.FromSeconds(seconds).ToDuration();
        static RelativePoint Point(double x, double y) => new() { X = x, Y = y };
        static RelativePolygon Polygon(params (double X, double Y)[] points) =>
            new() { Points = { points.Select(point => Point(point.X, point.Y)) } };
    }

    [Theory]
    [InlineData("--range cannot be '10s'. Use FROM-TO, for example 10s-20s.", "--range", "10s")]
    [InlineData("--range cannot be 'a-b'.", "--range", "a-b")]
    [InlineData("--range cannot be '-10s'.", "--range=-10s")]
    [InlineData("--fps must be a number, not 'NaN'.", "--fps", "NaN")]
    [InlineData("--min-confidence must be a number, not 'high'.", "--min-confidence", "high")]
    [InlineData("--region cannot be '0,0;1,1'.", "--region", "0,0;1,1")]
    [InlineData("--region cannot be '0,0;1,1;x,1'.", "--region", "0,0;1,1;x,1")]
    [InlineData("--zone cannot be '0,0;1,0;1,1'.", "--zone", "0,0;1,0;1,1")]
    [InlineData("--zone cannot be '=0,0;1,0;1,1'.", "--zone", "=0,0;1,0;1,1")]
    [InlineData("--line cannot be 'gate=0,0;1,0;1,1'.", "--line", "gate=0,0;1,0;1,1")]
    [InlineData("Give either --fps or --stride.", "--fps", "5", "--stride", "2")]
    [InlineData("--sampling must be every or adaptive, not 'some'.", "--sampling", "some")]
    public async Task Submit_BadChoice_IsAUsageError(string error, params string[] options)
    {
        var run = await CommandLineRun.OnAsync(_server, ["submit", "s3://videos/a.mp4", .. options]);

        Assert.Equal(2, run.ExitCode);
        Assert.Contains(error, run.Error, StringComparison.Ordinal);
        Assert.Empty(_server.Service.Submit.Requests);
    }

    [Fact]
    public async Task Submit_Webhook_IsSent()
    {
        var run = await CommandLineRun.OnAsync(
            _server, "submit", "s3://videos/a.mp4", "--webhook", "https://hooks.example/a",
            "--webhook-event", "started", "--webhook-event", "ended");

        Assert.Equal(0, run.ExitCode);
        Assert.Equal(
            new Webhook
            {
                Uri = "https://hooks.example/a",
                Events = { WebhookEvent.Ended, WebhookEvent.Started },
            },
            Assert.Single(_server.Service.Submit.Requests).Webhook);
    }

    [Theory]
    [InlineData("--webhook-event needs --webhook", "--webhook-event", "ended")]
    [InlineData("'done' is not an event. Use ended or", "--webhook", "https://a.example", "--webhook-event", "done")]
    public async Task Submit_BadWebhook_IsAUsageError(string error, params string[] options)
    {
        var run = await CommandLineRun.OnAsync(_server, ["submit", "s3://videos/a.mp4", .. options]);

        Assert.Equal(2, run.ExitCode);
        Assert.Contains(error, run.Error, StringComparison.Ordinal);
        Assert.Empty(_server.Service.Submit.Requests);
    }

    [Fact]
    public async Task Submit_FromJob_SendsTheJob()
    {
        var run = await CommandLineRun.OnAsync(_server, "submit", "--from-job", SampleJobs.Id, "-p", "ocr_only");

        Assert.Equal((0, SampleJobs.Id + Environment.NewLine), (run.ExitCode, run.Output));
        var request = Assert.Single(_server.Service.Submit.Requests);
        Assert.Equal((SampleJobs.Id, "ocr_only"), (request.SourceJobId, request.PipelineId));
    }

    [Theory]
    [InlineData]
    [InlineData("video.mp4", "--from-job", SampleJobs.Id)]
    public async Task Submit_NotOneSource_IsAUsageError(params string[] arguments)
    {
        var run = await CommandLineRun.OnAsync(_server, ["submit", .. arguments]);

        Assert.Equal(2, run.ExitCode);
        Assert.Contains("Give either a file, a URI or --from-job.", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Submit_ValidateOnly_SaysThatItIsValid()
    {
        var run = await CommandLineRun.OnAsync(_server, "submit", RepositoryFiles.Pedestrians, "--validate-only");

        Assert.Equal((0, $"valid{Environment.NewLine}"), (run.ExitCode, run.Output));
        Assert.DoesNotContain("foregsyte wait", run.Error, StringComparison.Ordinal);
        Assert.True(Assert.Single(_server.Service.Submit.Requests).ValidateOnly, "validate_only was not sent.");
    }

    [Fact]
    public async Task Analyze_Pedestrians_WritesResultsAndAnnotatedVideo()
    {
        ScriptCompletion();

        var run = await AnalyzeAsync();

        Assert.Equal(0, run.ExitCode);
        Assert.Equal(
            [_folder.File("out", "pedestrians.annotated.mp4"), _folder.File("out", "pedestrians.results.json")],
            Directory.GetFiles(_folder.File("out")).Order());
        var text = await File.ReadAllTextAsync(_folder.File("out", "pedestrians.results.json"), Token);
        Assert.Equal(
            Enumerable.Range(0, 100).Select(SampleJobs.Frame),
            ForegSyteJson.Parser.Parse<ResultsDocument>(text).Results);
        // One frame per line, between the brackets.
        Assert.Equal(103, text.Split('\n').Length);
        Assert.Equal(
            "100", await AnnotatedClip.StreamAsync(_folder.File("out", "pedestrians.annotated.mp4"), "nb_frames"));
        Assert.StartsWith("Analyzing pedestrians.mp4 with yolo_ocr", run.Error, StringComparison.Ordinal);
        Assert.Contains("drawing, 100 of 100 frames", run.Error, StringComparison.Ordinal);
        Assert.EndsWith(
            $"Results: out/pedestrians.results.json{Environment.NewLine}"
            + $"Annotated video: out/pedestrians.annotated.mp4{Environment.NewLine}",
            run.Output,
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task Analyze_NoVideo_WritesOnlyResults()
    {
        ScriptCompletion();

        var run = await AnalyzeAsync("--no-video", "-o", "elsewhere");

        Assert.Equal(0, run.ExitCode);
        Assert.Equal(
            [_folder.File("elsewhere", "pedestrians.results.json")], Directory.GetFiles(_folder.File("elsewhere")));
    }

    [Fact]
    public async Task Analyze_FfmpegMissing_StillWritesResultsAndSaysWhatToInstall()
    {
        ScriptCompletion();

        var run = await AnalyzeAsync("--ffmpeg", "no-such-ffmpeg");

        Assert.Equal(1, run.ExitCode);
        Assert.Contains("apt-get install ffmpeg", run.Error, StringComparison.Ordinal);
        Assert.Contains($"foregsyte annotate {SampleJobs.Id}", run.Error, StringComparison.Ordinal);
        Assert.Equal([_folder.File("out", "pedestrians.results.json")], Directory.GetFiles(_folder.File("out")));
    }

    [Fact]
    public async Task Analyze_Interrupted_SaysHowToCancelTheJob()
    {
        var reached = new TaskCompletionSource();
        _server.Service.Wait.Answer(SampleJobs.Changed(SampleJobs.Running(1))).Hang(reached);
        using var interruption = CancellationTokenSource.CreateLinkedTokenSource(Token);

        var running = CommandLineRun.StartAsync(
            ["analyze", RepositoryFiles.Pedestrians, "--server", _server.Address.ToString()],
            interruption.Token,
            _folder.Path);
        await reached.Task.WaitAsync(Script.TimeLimit, Token);
        await interruption.CancelAsync();
        var run = await running;

        Assert.Equal(5, run.ExitCode);
        Assert.Contains($"foregsyte wait {SampleJobs.Id}", run.Error, StringComparison.Ordinal);
        Assert.Contains($"To cancel it: foregsyte cancel {SampleJobs.Id}", run.Error, StringComparison.Ordinal);
        Assert.Contains($"foregsyte annotate {SampleJobs.Id}", run.Error, StringComparison.Ordinal);
        Assert.Empty(_server.Service.Cancel.Requests);
    }

    [Fact]
    public async Task Analyze_JobFails_WritesNothing()
    {
        _server.Service.Wait.Answer(SampleJobs.Changed(SampleJobs.Failed()));

        var run = await AnalyzeAsync();

        Assert.Equal((4, ""), (run.ExitCode, run.Output));
        Assert.Contains("UNDECODABLE_VIDEO", run.Error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(_folder.File("out")), "A failed job left a folder with results.");
    }

    [Theory]
    [InlineData("long", 236)]
    [InlineData("line\nfeed\u202E", 1)]
    public async Task Analyze_AnyFileName_IsAnalyzedAndSaved(string name, int count)
    {
        ScriptCompletion();
        var path = _folder.File(string.Concat(Enumerable.Repeat(name, count))[..Math.Min(240, name.Length * count)]
            + ".mp4");
        File.Copy(RepositoryFiles.Pedestrians, path);

        var run = await CommandLineRun.StartAsync(
            ["analyze", path, "--server", _server.Address.ToString()], Token, _folder.Path);

        Assert.True(run.ExitCode == 0, run.Error);
        Assert.Equal(2, Directory.GetFiles(_folder.File("out")).Length);
        Assert.Matches("\nResults: out/[^\n]+\nAnnotated video: out/[^\n]+\n$", run.Output);
        Assert.DoesNotContain(
            Assert.Single(_server.Service.Submit.Requests).DisplayName, letter => letter is '\n' or '\u202E');
    }

    private void ScriptCompletion()
    {
        _server.Service.Wait.Answer(
            SampleJobs.Changed(SampleJobs.Running(45)), SampleJobs.Changed(SampleJobs.Completed()));
        _server.Service.Results.Always((request, _) => Task.FromResult(request.PageToken.Length == 0
            ? Page(0, 60, "rest")
            : Page(60, 40, "")));
    }

    private static GetJobResultsResponse Page(int start, int count, string next) =>
        new() { Results = { Enumerable.Range(start, count).Select(SampleJobs.Frame) }, NextPageToken = next };

    private Task<CommandLineRun> AnalyzeAsync(params string[] options) => CommandLineRun.StartAsync(
        ["analyze", RepositoryFiles.Pedestrians, .. options, "--server", _server.Address.ToString()],
        Token,
        _folder.Path);
}
