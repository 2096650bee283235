using System.Security.Cryptography;
using ForegSyte.Jobs.Tests.Grpc;
using ForegSyte.Jobs.Tests.Queue;
using ForegSyte.Protocol.OpenApi;
using ForegSyte.Testing;
using ForegSyte.V1;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace ForegSyte.Jobs.Tests.Http;

/// <summary>Calls over HTTP with JSON have the same results as over gRPC.</summary>
public sealed class JsonTranscodingMiddlewareTests : IAsyncLifetime
{
    private readonly ScriptedInference _inference = new();
    private RunningJobService _service = null!;
    private HttpCaller _caller = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private static byte[] Video => RunningJobService.Video.ToByteArray();

    public async ValueTask InitializeAsync()
    {
        _service = await RunningJobService.StartAsync(
            _inference, ("Listen:HttpPort", "0"), ("Upload:MaxPartBytes", "65536"));
        _caller = new HttpCaller(_service.HttpAddress);
    }

    public async ValueTask DisposeAsync()
    {
        _caller.Dispose();
        await _service.DisposeAsync();
    }

    [Fact]
    public async Task Job_FromSubmissionToResults_IsThatOfGrpc()
    {
        var job = await SubmitAsync("pipeline_id=detect_only&options.frame_stride=2&display_name=a%20name&priority=9");
        Assert.Equal(
            ("detect_only", 2, "a name", 9),
            (job.PipelineId, job.Options.FrameStride, job.DisplayName, job.Priority));
        while (job.Status != JobStatus.Completed)
        {
            var waited = await _caller.GetAsync($"/v1/jobs/{job.JobId}:wait?etag={job.Etag}&timeout=20s");
            job = waited.Read<WaitJobResponse>().Job;
        }

        var overGrpc = await _service.GetAsync(job.JobId);
        Assert.Equal(overGrpc, (await _caller.GetAsync($"/v1/jobs/{job.JobId}")).Read<GetJobResponse>().Job);
        var list = (await _caller.GetAsync("/v1/jobs?page_size=1&view=JOB_VIEW_FULL&filter=status%20%3D%20COMPLETED"))
            .Read<ListJobsResponse>();
        Assert.Equal(overGrpc, Assert.Single(list.Jobs));

        var pages = new List<GetJobResultsResponse>();
        do
        {
            var token = pages.Count == 0 ? "" : Uri.EscapeDataString(pages[^1].NextPageToken);
            var page = await _caller.GetAsync($"/v1/jobs/{job.JobId}/results?page_bytes=300&page_token={token}");
            pages.Add(page.Read<GetJobResultsResponse>());
        }
        while (pages[^1].NextPageToken.Length > 0);

        Assert.True(pages.Count > 1, $"{pages.Count} page instead of several.");
        var whole = await _service.Client.GetJobResultsAsync(
            new() { JobId = job.JobId }, cancellationToken: Cancellation);
        Assert.Equal(whole.Results, pages.SelectMany(page => page.Results));
    }

    [Fact]
    public async Task Submit_Choices_AreThoseOfTheJobAndTheirErrorsNameTheField()
    {
        const string Choices = """
            "options": {"frames_per_second": 2.5, "time_ranges": [{"start": "0.5s", "end": "2s"}, {"start": "3s"}],
            "min_confidence": 0.7, "zones": [{"id": "door", "area": {"points":
            [{"x": 0, "y": 0}, {"x": 1, "y": 0}, {"x": 0, "y": 1}]}}]}, "reuse_results": true
            """;
        var source = (await SubmitAsync("pipeline_id=detect_only")).JobId;
        var reply = await _caller.PostAsync(
            "/v1/jobs", $$"""{"source_job_id": "{{source}}", "pipeline_id": "detect_only", {{Choices}} }""");

        var options = reply.Read<SubmitVideoResponse>().Job.Options;
        Assert.Equal(
            (2.5, 0.7f, "door", 2),
            (options.FramesPerSecond, options.MinConfidence, options.Zones[0].Id, options.TimeRanges.Count));
        var refused = await _caller.PostAsync(
            "/v1/jobs",
            $$"""
            {"source_job_id": "{{source}}", "pipeline_id": "detect_only",
            "options": {"time_ranges": [{"start": "2s", "end": "1s"}] } }
            """);
        Assert.Equal(400, refused.Status);
        Assert.Contains("options.time_ranges[0].end must be after the start", refused.Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Upload_InPartsWithAHash_BecomesAJob()
    {
        var hash = Convert.ToHexStringLower(SHA256.HashData(Video));
        var created = await _caller.PostAsync(
            "/v1/uploads", $$"""{"size_bytes": {{Video.Length}}, "sha256": "{{hash}}"}""");
        var upload = created.Read<CreateUploadResponse>().Upload;
        for (var offset = 0; offset < Video.Length; offset += upload.MaxPartBytes)
        {
            var part = Video.AsSpan(offset, Math.Min(upload.MaxPartBytes, Video.Length - offset)).ToArray();
            var sent = await _caller.SendBytesAsync("PUT", $"/v1/uploads/{upload.UploadId}/parts/{offset}", part);
            Assert.Equal(offset + part.Length, sent.Read<UploadPartResponse>().ReceivedBytes);
        }

        var there = (await _caller.GetAsync($"/v1/uploads/{upload.UploadId}")).Read<GetUploadResponse>().Upload;
        Assert.Equal([new ByteRange { End = Video.Length }], there.Ranges);
        var submitted = await _caller.PostAsync(
            "/v1/jobs", $$"""{"uploadId": "{{upload.UploadId}}", "pipelineId": "detect_only"}""");
        Assert.Equal(hash, submitted.Read<SubmitVideoResponse>().Job.VideoSha256);
    }

    [Fact]
    public async Task Part_OverHttp_IsCheckedAsOverGrpc()
    {
        var created = await _caller.PostAsync("/v1/uploads", """{"size_bytes": "4"}""");
        var parts = $"/v1/uploads/{created.Read<CreateUploadResponse>().Upload.UploadId}/parts";

        Assert.Equal("crc32c", await FieldAsync($"{parts}/0", [1, 2]));
        Assert.Equal("crc32c", await FieldAsync($"{parts}/0?crc32c=7", [1, 2]));
        Assert.Equal("crc32c", await FieldAsync($"{parts}/0?crc32c=-1", [1, 2]));
        Assert.Equal("data", await FieldAsync($"{parts}/0?crc32c=0", []));
        Assert.Equal("data", await FieldAsync($"{parts}/0?crc32c=0&data=AQI%3D", [1, 2]));
        Assert.Equal("offset", await FieldAsync($"{parts}/3?crc32c={Crc([1, 2])}", [1, 2]));
        Assert.Equal("offset", await FieldAsync($"{parts}/first?crc32c={Crc([1, 2])}", [1, 2]));
        var sent = await _caller.SendBytesAsync("PUT", $"{parts}/2?crc32c={Crc([1, 2])}", [1, 2]);
        Assert.Equal(2, sent.Read<UploadPartResponse>().ReceivedBytes);
    }

    [Fact]
    public async Task Job_CancelledRetriedAndDeleted_IsGone()
    {
        _inference.Serving = cancellationToken => Task.Delay(Timeout.Infinite, cancellationToken);
        var job = await SubmitAsync("pipeline_id=detect_only");
        var path = $"/v1/jobs/{job.JobId}";

        Assert.Equal(ErrorReason.WrongJobStatus, (await _caller.DeleteAsync(path)).ReadError().Reason);
        var cancelled = (await _caller.PostAsync($"{path}:cancel")).Read<CancelJobResponse>().Job;
        Assert.Equal(JobStatus.Cancelled, cancelled.Status);
        var retried = (await _caller.SendAsync("POST", $"{path}:retry", content: null)).Read<RetryJobResponse>().Job;
        Assert.Equal(JobStatus.Pending, retried.Status);
        (await _caller.PostAsync($"{path}:cancel")).Read<CancelJobResponse>();
        (await _caller.DeleteAsync(path)).Read<DeleteJobResponse>();
        Assert.Equal(ErrorReason.JobNotFound, (await _caller.GetAsync(path)).ReadError().Reason);
    }

    [Fact]
    public async Task Delete_WithAStaleEtag_KeepsTheJob()
    {
        _inference.Serving = cancellationToken => Task.Delay(Timeout.Infinite, cancellationToken);
        var path = $"/v1/jobs/{(await SubmitAsync("pipeline_id=detect_only")).JobId}";
        var job = (await _caller.PostAsync($"{path}:cancel")).Read<CancelJobResponse>().Job;

        var inBody = await _caller.SendAsync("DELETE", path, HttpCaller.Json("""{"etag": "W/\"stale\""}"""));
        var inHeader = await _caller.SendAsync("DELETE", path, content: null, ("If-Match", "W/\"stale\""));
        var inQuery = await _caller.DeleteAsync($"{path}?etag=W/%22AAAAAAAAAAAAAAAAAAAAAA%22");

        Assert.Equal((400, ErrorReason.MalformedRequest), (inBody.Status, inBody.ReadError().Reason));
        Assert.Equal((400, ErrorReason.MalformedRequest), (inHeader.Status, inHeader.ReadError().Reason));
        Assert.Equal((409, ErrorReason.EtagMismatch), (inQuery.Status, inQuery.ReadError().Reason));
        (await _caller.DeleteAsync($"{path}?etag={Uri.EscapeDataString(job.Etag)}")).Read<DeleteJobResponse>();
    }

    [Theory]
    [InlineData("/v1/jobs?filter=status%20%3D%20%22a%00%1b%07%0ab%22", "\\u001b")]
    [InlineData("/v1/jobs?filter=na%1bme%20%3D%20a", "\\u001b")]
    [InlineData("/v1/jobs?a%1bb=1", "a\\u001bb is not a field")]
    [InlineData("/v1/jobs/a%1b%0ab", "")]
    public async Task Error_OfControlCharacters_HasNoneOfThem(string path, string text)
    {
        var refusal = (await _caller.GetAsync(path)).ReadError();

        Assert.DoesNotContain(refusal.Message, char.IsControl);
        Assert.Contains(text, refusal.Message, StringComparison.Ordinal);
        Assert.All(refusal.Info.Metadata.Values, value => Assert.DoesNotContain(value, char.IsControl));
    }

    [Fact]
    public async Task Information_IsThatOfGrpc()
    {
        var client = _service.Client;
        Assert.Equal(
            await client.ListPipelinesAsync(new(), cancellationToken: Cancellation),
            (await _caller.GetAsync("/v1/pipelines")).Read<ListPipelinesResponse>());
        Assert.Equal(
            await client.GetServerInfoAsync(new(), cancellationToken: Cancellation),
            (await _caller.GetAsync("/v1/serverInfo")).Read<GetServerInfoResponse>());
        Assert.Equal(
            await client.ListErrorReasonsAsync(new(), cancellationToken: Cancellation),
            (await _caller.GetAsync("/v1/errorReasons")).Read<ListErrorReasonsResponse>());
        var openApi = await _caller.GetAsync("/openapi.json");
        Assert.Equal((200, OpenApiDocument.Json), (openApi.Status, openApi.Body));
    }

    [Fact]
    public async Task Health_BeforeAndAfterTheStop_HasItsStatus()
    {
        var serves = await _caller.GetAsync("/healthz");
        Assert.Equal((200, """{ "status": "SERVING" }"""), (serves.Status, serves.Body));

        _service.Services.GetRequiredService<IHostApplicationLifetime>().StopApplication();

        var stops = await _caller.GetAsync("/healthz");
        Assert.Equal((503, """{ "status": "NOT_SERVING" }"""), (stops.Status, stops.Body));
    }

    [Theory]
    [InlineData("GET", "/", 404, null)]
    [InlineData("GET", "/v1/jobs/", 404, null)]
    [InlineData("GET", "/v1/jobs/a:pause", 404, null)]
    [InlineData("POST", "/foregsyte.v1.JobService/GetJob", 404, null)]
    [InlineData("GET", "/v1/../../etc/passwd", 404, null)]
    [InlineData("PUT", "/v1/jobs", 405, "POST, GET")]
    [InlineData("POST", "/healthz", 405, "GET")]
    [InlineData("OPTIONS", "/v1/jobs", 405, "POST, GET")]
    [InlineData("TRACE", "/v1/jobs/a", 405, "GET, PATCH, DELETE")]
    public async Task Request_UnknownPathOrVerb_IsUnimplemented(string verb, string path, int status, string? allow)
    {
        var reply = await _caller.SendAsync(verb, path, content: null);

        Assert.Equal(ErrorReason.Unimplemented, reply.ReadError().Reason);
        Assert.Equal((status, allow), (reply.Status, reply.Headers.GetValueOrDefault("Allow")));
    }

    private async Task<Job> SubmitAsync(string query) =>
        (await _caller.SendBytesAsync("POST", $"/v1/jobs:submit?{query}", Video, "video/mp4"))
        .Read<SubmitVideoResponse>().Job;

    private async Task<string> FieldAsync(string path, byte[] bytes) =>
        (await _caller.SendBytesAsync("PUT", path, bytes)).ReadError().Info.Metadata["field"];

    private static uint Crc(byte[] bytes) => Protocol.Checksums.Crc32C.Of(bytes);
}
