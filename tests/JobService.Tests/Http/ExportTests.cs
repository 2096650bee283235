using System.Net;
using System.Text.Json.Nodes;
using ForegSyte.Exports;
using ForegSyte.Hosting.ConcurrencyLimits;
using ForegSyte.Hosting.Http;
using ForegSyte.Jobs.Grpc;
using ForegSyte.Jobs.Tests.Grpc;
using ForegSyte.Jobs.Tests.Queue;
using ForegSyte.Protocol.Json;
using ForegSyte.Testing;
using ForegSyte.V1;
using Microsoft.Extensions.DependencyInjection;

namespace ForegSyte.Jobs.Tests.Http;

/// <summary>GET /v1/jobs/{job_id}/export: the results of a completed job in another format.</summary>
public sealed class ExportTests : IAsyncLifetime
{
    private static readonly (string, string) HttpPort = ("Listen:HttpPort", "0");

    private RunningJobService _service = null!;
    private HttpClient _client = null!;
    private string _jobId = "";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private string Address => $"/v1/jobs/{_jobId}/export";

    private string Document => _service.PathOf($"{_jobId}_results.json");

    public ValueTask InitializeAsync() => StartAsync();

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _service.DisposeAsync();
    }

    [Theory]
    [InlineData("format=csv", "text/csv; charset=utf-8; header=present", "Gate 7.detections.csv")]
    [InlineData("format=csv&table=tracks", "text/csv; charset=utf-8; header=present", "Gate 7.tracks.csv")]
    [InlineData("format=parquet&table=texts", "application/vnd.apache.parquet", "Gate 7.texts.parquet")]
    [InlineData("format=coco&label=person&label=car", "application/json", "Gate 7.coco.json")]
    [InlineData("format=mot", "text/plain; charset=utf-8", "Gate 7.tracks.mot.txt")]
    [InlineData("format=vtt", "text/vtt; charset=utf-8", "Gate 7.vtt")]
    [InlineData("format=srt", "application/x-subrip", "Gate 7.srt")]
    public async Task Get_Format_IsAFileOfItsType(string query, string type, string name)
    {
        using var response = await _client.GetAsync($"{Address}?{query}", Cancellation);
        using var head = await _client.SendAsync(
            new HttpRequestMessage(HttpMethod.Head, $"{Address}?{query}"), Cancellation);

        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.OK), (response.StatusCode, head.StatusCode));
        foreach (var reply in new[] { response, head })
        {
            var headers = reply.Content.Headers;
            Assert.Equal(
                (type, "attachment", name),
                (headers.ContentType?.ToString(), headers.ContentDisposition?.DispositionType,
                    headers.ContentDisposition?.FileNameStar));
            Assert.Equal(
                ["nosniff", "no-cache, private"],
                [reply.Headers.GetValues("X-Content-Type-Options").Single(),
                    string.Join(", ", reply.Headers.GetValues("Cache-Control"))]);
        }

        Assert.Empty(await head.Content.ReadAsByteArrayAsync(Cancellation));
    }

    [Fact]
    public async Task Get_Csv_HasARowForEachDetection()
    {
        var lines = (await _client.GetStringAsync($"{Address}?format=csv", Cancellation)).Split("\r\n");

        Assert.Equal(102, lines.Length);
        Assert.Equal("99,9900,,person,0,0.5,0,0,1,1,false,false", lines[100]);
        Assert.Equal("", lines[101]);
    }

    [Fact]
    public async Task Get_Coco_HasTheVideoAndAllFrames()
    {
        var document = JsonNode.Parse(await _client.GetStringAsync($"{Address}?format=coco", Cancellation))!;

        Assert.Equal("Gate 7", document["videos"]![0]!["name"]!.GetValue<string>());
        Assert.Equal(100, document["images"]!.AsArray().Count);
        Assert.Equal(100, document["annotations"]!.AsArray().Count);
    }

    [Fact]
    public async Task Get_Tracks_AreThoseOfTheJob()
    {
        await RestartAsync(services => services.AddSingleton<IJobTracks>(new FixedTracks()));

        var tracks = await _client.GetStringAsync($"{Address}?format=csv&table=tracks&label=person", Cancellation);
        var texts = await _client.GetStringAsync($"{Address}?format=vtt", Cancellation);

        Assert.StartsWith("3,person,0,0.5,2,", tracks.Split("\r\n")[1], StringComparison.Ordinal);
        Assert.EndsWith("\n00:00:01.000 --> 00:00:02.100\nGATE 07\n", texts, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "format", ErrorReason.MissingField)]
    [InlineData("?format=xlsx", "format", ErrorReason.InvalidField)]
    [InlineData("?format=csv&format=mot", "format", ErrorReason.InvalidField)]
    [InlineData("?format=csv&table=rows", "table", ErrorReason.InvalidField)]
    [InlineData("?format=coco&table=tracks", "table", ErrorReason.InvalidField)]
    [InlineData("?format=srt&label=car", "label", ErrorReason.InvalidField)]
    [InlineData("?format=csv&label=", "label", ErrorReason.InvalidField)]
    [InlineData("?format=csv&start_frame=5", "start_frame", ErrorReason.InvalidField)]
    [InlineData("?format=csv&page_bytes=5", "page_bytes", ErrorReason.InvalidField)]
    [InlineData("?format=csv&page_token=5", "page_token", ErrorReason.InvalidField)]
    [InlineData("?format=csv&every_frame=true", "every_frame", ErrorReason.InvalidField)]
    [InlineData("?format=csv&columns=5", "columns", ErrorReason.InvalidField)]
    public async Task InvalidRequest_IsRefusedWithJson(string query, string field, ErrorReason reason)
    {
        using var caller = new HttpCaller(_service.HttpAddress);

        var reply = await caller.GetAsync(Address + query);

        Assert.Equal((400, reason), (reply.Status, reply.ReadError().Reason));
        Assert.Equal(field, reply.ReadError().Info.Metadata["field"]);
    }

    [Fact]
    public async Task OtherVerbs_AreNotAllowed()
    {
        using var caller = new HttpCaller(_service.HttpAddress);

        var reply = await caller.PostAsync($"{Address}?format=csv");

        Assert.Equal((405, "GET, HEAD"), (reply.Status, reply.Headers["Allow"]));
    }

    [Fact]
    public async Task OtherRoutes_DoNotTakeTheParameters()
    {
        using var caller = new HttpCaller(_service.HttpAddress);

        foreach (var path in new[] { "results", "video" })
        {
            var reply = await caller.GetAsync($"/v1/jobs/{_jobId}/{path}?format=csv");
            Assert.Equal(ErrorReason.InvalidField, reply.ReadError().Reason);
        }
    }

    [Fact]
    public async Task UnfinishedJob_HasNoExport()
    {
        await DisposeAsync();
        _service = await RunningJobService.StartAsync(RunningJobService.NotServing(), HttpPort);
        _client = new HttpClient { BaseAddress = _service.HttpAddress };
        var jobId = (await _service.SubmitAsync()).JobId;
        using var caller = new HttpCaller(_service.HttpAddress);

        var waiting = await caller.GetAsync($"/v1/jobs/{jobId}/export?format=csv");
        await _service.Client.CancelJobAsync(new() { JobId = jobId }, cancellationToken: Cancellation);
        var cancelled = await caller.GetAsync($"/v1/jobs/{jobId}/export?format=csv");
        var unknown = await caller.GetAsync($"/v1/jobs/{Guid.NewGuid()}/export?format=csv");

        Assert.Equal(
            (ErrorReason.ResultsNotReady, "PENDING"),
            (waiting.ReadError().Reason, waiting.ReadError().Info.Metadata["status"]));
        Assert.Equal("CANCELLED", cancelled.ReadError().Info.Metadata["status"]);
        Assert.Equal(ErrorReason.JobNotFound, unknown.ReadError().Reason);
    }

    [Fact]
    public async Task JobOfAnotherTenant_DoesNotExist()
    {
        await DisposeAsync();
        using var setup = AccessSetup.ApiKeys();
        _service = await RunningJobService.StartAsync(
            new ScriptedInference(), [.. setup.Settings, HttpPort]);
        _client = new HttpClient { BaseAddress = _service.HttpAddress };
        using var admin = AccessOutcome.ChannelOf(_service.Address, setup.Callers["admin"]);
        using var submitter = AccessOutcome.ChannelOf(_service.Address, setup.Callers["submit"]);
        var job = (await new JobService.JobServiceClient(submitter).SubmitVideoAsync(
            RunningJobService.Request(), cancellationToken: Cancellation)).Job;
        var reader = new JobService.JobServiceClient(admin);
        await Wait.ForAsync(
            async () => (await reader.GetJobAsync(new() { JobId = job.JobId }, cancellationToken: Cancellation)).Job,
            found => found.Status == JobStatus.Completed, "the job completes");
        var path = $"/v1/jobs/{job.JobId}/export?format=csv";

        using var own = new HttpCaller(_service.HttpAddress, setup.Callers["read"]);
        using var other = new HttpCaller(_service.HttpAddress, setup.Callers["other"]);

        Assert.Equal(200, (await own.GetAsync(path)).Status);
        Assert.Equal(ErrorReason.JobNotFound, (await other.GetAsync(path)).ReadError().Reason);
    }

    [Fact]
    public async Task DocumentIsMissingOrDamagedAtItsStart_IsJson()
    {
        using var caller = new HttpCaller(_service.HttpAddress);
        await WriteDocumentAsync(frames: 10, damagedFrame: 1);
        var damaged = await caller.GetAsync($"{Address}?format=csv");
        File.Delete(Document);
        var missing = await caller.GetAsync($"{Address}?format=csv");

        Assert.Equal(
            (500, ErrorReason.ResultsDamaged, ErrorReason.ResultsDamaged),
            (damaged.Status, damaged.ReadError().Reason, missing.ReadError().Reason));
        Assert.False(damaged.Headers.ContainsKey("Content-Disposition"), "The error is offered as a file.");
    }

    [Theory]
    [InlineData("csv")]
    [InlineData("coco")]
    public async Task DocumentIsDamagedFurtherOn_AbortsTheConnection(string format)
    {
        await WriteDocumentAsync(frames: 60_000, damagedFrame: 59_999);
        using var response = await _client.GetAsync(
            $"{Address}?format={format}", HttpCompletionOption.ResponseHeadersRead, Cancellation);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        var failure = await Assert.ThrowsAnyAsync<Exception>(
            () => response.Content.CopyToAsync(Stream.Null, Cancellation));
        Assert.True(failure is HttpRequestException or IOException, $"Not a lost connection: {failure}");
        await _service.LogLineAsync("A file could not be made");
        await Wait.UntilNoneAsync(
            () => _service.Services.GetRequiredService<ConcurrencyLimitInterceptor>().Downloads == 0
                ? null
                : "The slot is taken.",
            "the slot is free");
    }

    [Fact]
    public async Task ReaderThatStops_HoldsASlotAndIsDisconnected()
    {
        await RestartAsync(
            configure: null, ("Calls:MaxDownloads", "1"), ("Connections:MinDataRate", "1048576"),
            ("Connections:DataGrace", "00:00:02"));
        await WriteDocumentAsync(frames: 100_000, damagedFrame: -1);
        using var caller = new HttpCaller(_service.HttpAddress);
        using var stuck = await _client.GetAsync(
            $"{Address}?format=coco", HttpCompletionOption.ResponseHeadersRead, Cancellation);

        var refused = await caller.GetAsync($"{Address}?format=csv");

        Assert.Equal((429, ErrorReason.TooManyCalls), (refused.Status, refused.ReadError().Reason));
        await Wait.UntilNoneAsync(
            () => _service.Services.GetRequiredService<ConcurrencyLimitInterceptor>().Downloads == 0
                ? null
                : "The slot is taken.",
            "the server disconnects the reader");
        await Assert.ThrowsAnyAsync<Exception>(() => stuck.Content.CopyToAsync(Stream.Null, Cancellation));
    }

    [Fact]
    public void Route_HasTheFormatsAndTables()
    {
        var route = HttpRoute.Of(JobService.Descriptor).Single(route => route.Download?.OperationId == "ExportJob");

        Assert.Equal(ExportFormats.Names, ValuesOf("format"));
        Assert.Equal(ExportFormats.TableNames, ValuesOf("table"));
        Assert.Equal(
            ExportFormats.All.Select(format => format.MediaType.Split(';')[0]), route.Download!.MediaTypes);

        IReadOnlyList<string> ValuesOf(string name) =>
            route.Download!.Parameters.Single(parameter => parameter.Name == name).Values;
    }

    /// <summary>Replaces the results of the job.</summary>
    private async Task WriteDocumentAsync(int frames, int damagedFrame)
    {
        await using var writer = new StreamWriter(Document);
        await writer.WriteAsync("{\"results\":[\n");
        for (var index = 0; index < frames; index++)
        {
            var frame = new FrameResult
            {
                FrameIndex = index,
                Result = new PipelineResult
                {
                    Detections = { new Detection { Label = "car", Box = new BoundingBox { Width = 1, Height = 1 } } },
                },
            };
            var line = ForegSyteJson.Formatter.Format(frame);
            await writer.WriteAsync(index == damagedFrame ? line[..^2] : line);
            await writer.WriteAsync(index == frames - 1 ? "\n" : ",\n");
        }

        await writer.WriteAsync("]}\n");
    }

    private async Task RestartAsync(Action<IServiceCollection>? configure, params (string, string)[] settings)
    {
        await DisposeAsync();
        await StartAsync(configure, settings);
    }

    private async ValueTask StartAsync(
        Action<IServiceCollection>? configure = null, params (string, string)[] settings)
    {
        _service = await RunningJobService.StartAsync(new ScriptedInference(), configure, [HttpPort, .. settings]);
        _client = new HttpClient { BaseAddress = _service.HttpAddress };
        var request = RunningJobService.Request();
        request.DisplayName = "Gate 7";
        _jobId = (await _service.Client.SubmitVideoAsync(request, cancellationToken: Cancellation)).Job.JobId;
        await _service.GetWhenAsync(_jobId, job => job.Status == JobStatus.Completed);
    }

    private sealed class FixedTracks : IJobTracks
    {
        public IAsyncEnumerable<ObjectTrack> ReadObjectTracksAsync(
            JobRecord job, CancellationToken cancellationToken) => new[]
            {
                new ObjectTrack { TrackId = 1, Label = "car" },
                new ObjectTrack { TrackId = 3, Label = "person", Confidence = 0.5f, FramesSeen = 2 },
            }.ToAsyncEnumerable();

        public IAsyncEnumerable<TextTrack> ReadTextTracksAsync(
            JobRecord job, CancellationToken cancellationToken) => new[]
            {
                new TextTrack
                {
                    TrackId = 1,
                    Text = "GATE 07",
                    First = new TextPoint { FrameIndex = 10, FrameTimestampMs = 1000 },
                    Last = new TextPoint { FrameIndex = 20, FrameTimestampMs = 2000 },
                },
            }.ToAsyncEnumerable();
    }
}
