using System.Net;
using System.Text.Json;
using ForegSyte.Jobs.Tests.Grpc;
using ForegSyte.Testing;
using ForegSyte.V1;

namespace ForegSyte.Jobs.Tests.Http;

/// <summary>Every protection of gRPC applies to HTTP too.</summary>
public sealed class HttpProtectionTests
{
    private static readonly (string, string) HttpPort = ("Listen:HttpPort", "0");

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("a deadline that passes", ErrorReason.DeadlineExceeded)]
    [InlineData("an invalid timeout", ErrorReason.JobNotFound)]
    [InlineData("no JSON", ErrorReason.MalformedRequest)]
    [InlineData("a form", ErrorReason.MalformedRequest)]
    [InlineData("compressed JSON", ErrorReason.MalformedRequest)]
    [InlineData("too large JSON", ErrorReason.MessageTooLarge)]
    [InlineData("a video as a form", ErrorReason.MalformedRequest)]
    [InlineData("a video without a length", ErrorReason.MalformedRequest)]
    [InlineData("a too large video", ErrorReason.MessageTooLarge)]
    [InlineData("two sources of a video", ErrorReason.InvalidField)]
    [InlineData("a query beside a body", ErrorReason.InvalidField)]
    [InlineData("an unknown field", ErrorReason.InvalidField)]
    [InlineData("a duplicate field", ErrorReason.InvalidField)]
    [InlineData("an encoding of gRPC", ErrorReason.JobNotFound)]
    [InlineData("an invalid binary header", ErrorReason.JobNotFound)]
    public async Task BrokenCall_IsRefusedWithDetails(string what, ErrorReason reason)
    {
        await using var service = await RunningJobService.StartAsync(
            RunningJobService.NotServing(), HttpPort, ("Submit:MaxInlineBytes", "1000000"));
        using var caller = new HttpCaller(service.HttpAddress);
        var job = await service.SubmitAsync();

        var reply = await SendAsync(caller, what, job);

        Refusal.AssertDisclosesNoInternals($"{string.Join('\n', reply.Headers)}{reply.Body}");
        Assert.Equal(reason, reply.ReadError().Reason);
    }

    [Fact]
    public async Task SubmitVideo_StorageIsGone_ReturnsOnlyAnErrorId()
    {
        await using var service = await RunningJobService.StartAsync(RunningJobService.NotServing(), HttpPort);
        using var caller = new HttpCaller(service.HttpAddress);
        Directory.Delete(service.PathOf(""), recursive: true);

        var reply = await caller.SendBytesAsync(
            "POST", "/v1/jobs:submit?pipeline_id=detect_only", RunningJobService.Video.ToByteArray());

        Refusal.AssertDisclosesNoInternals($"{string.Join('\n', reply.Headers)}{reply.Body}");
        var refusal = reply.ReadError();
        Assert.Equal((500, ErrorReason.Internal), (reply.Status, refusal.Reason));
        Assert.Contains(
            service.LogLines,
            line => line.Contains(refusal.Info.Metadata["errorId"], StringComparison.Ordinal)
                && line.Contains("Exception", StringComparison.Ordinal));
    }

    [Fact]
    public async Task LongPoll_OverTheLimit_IsRefusedWithRetryAfter()
    {
        await using var service = await RunningJobService.StartAsync(
            RunningJobService.NotServing(), HttpPort, ("Calls:MaxWaiting", "1"),
            ("Calls:BusyRetryDelay", "00:00:02.5"));
        using var caller = new HttpCaller(service.HttpAddress);
        var job = await service.SubmitAsync();
        var wait = $"/v1/jobs/{job.JobId}:wait?etag={job.Etag}&timeout=60s";
        var first = caller.GetAsync(wait);
        await service.WaitForWaitingCallsAsync(1);

        var second = await caller.GetAsync(wait);

        Assert.Equal(ErrorReason.TooManyCalls, second.ReadError().Reason);
        Assert.Equal((429, "3"), (second.Status, second.Headers["Retry-After"]));
        (await caller.PostAsync($"/v1/jobs/{job.JobId}:cancel")).Read<CancelJobResponse>();
        Assert.Equal(JobStatus.Cancelled, (await first).Read<WaitJobResponse>().Job.Status);
    }

    [Fact]
    public async Task RateLimit_GrpcAndHttp_ShareTheTenantsLimit()
    {
        using var setup = AccessSetup.ApiKeys();
        await using var service = await RunningJobService.StartAsync(
            RunningJobService.NotServing(),
            [.. setup.Settings, HttpPort, ("Rate:CallsPerSecond", "0.001"), ("Rate:BurstCalls", "2")]);
        using var channel = AccessOutcome.ChannelOf(service.Address, setup.Callers["read"]);
        using var caller = new HttpCaller(service.HttpAddress, setup.Callers["read"]);
        await new JobService.JobServiceClient(channel).ListJobsAsync(new(), cancellationToken: Cancellation);
        (await caller.GetAsync("/v1/jobs")).Read<ListJobsResponse>();

        var third = await caller.GetAsync("/v1/jobs");

        Assert.Equal(ErrorReason.RateLimited, third.ReadError().Reason);
        using var other = new HttpCaller(service.HttpAddress, setup.Callers["other"]);
        (await other.GetAsync("/v1/jobs")).Read<ListJobsResponse>();
        Assert.Equal(200, (await caller.GetAsync("/healthz")).Status);
    }

    [Fact]
    public async Task Unauthenticated_GetsAChallenge_AndItsBodyIsNotRead()
    {
        using var setup = AccessSetup.ApiKeys();
        await using var service = await RunningJobService.StartAsync(
            RunningJobService.NotServing(), [.. setup.Settings, HttpPort]);
        using var caller = new HttpCaller(service.HttpAddress);

        var reply = await caller.PostAsync("/v1/jobs?no_field=1", "no JSON");

        Assert.Equal(ErrorReason.Unauthenticated, reply.ReadError().Reason);
        Assert.Equal((401, "Bearer"), (reply.Status, reply.Headers["WWW-Authenticate"]));
    }

    [Fact]
    public async Task Audit_RecordsHttpCallsLikeGrpcCalls()
    {
        using var folder = new TemporaryFolder();
        using var setup = AccessSetup.ApiKeys();
        string jobId;
        await using (var service = await RunningJobService.StartAsync(
            RunningJobService.NotServing(), [.. setup.Settings, HttpPort, ("Audit:File", folder.File("audit"))]))
        {
            using var submit = new HttpCaller(service.HttpAddress, setup.Callers["submit"]);
            using var read = new HttpCaller(service.HttpAddress, setup.Callers["read"]);
            var submitted = await submit.SendBytesAsync(
                "POST", "/v1/jobs:submit?pipeline_id=detect_only", RunningJobService.Video.ToByteArray());
            jobId = submitted.Read<SubmitVideoResponse>().Job.JobId;
            (await read.GetAsync($"/v1/jobs/{jobId}")).Read<GetJobResponse>();
            (await read.PostAsync($"/v1/jobs/{jobId}:cancel")).ReadError();
        }

        var lines = new[] { "audit", "audit.refused" }.SelectMany(name => File.ReadAllLines(folder.File(name)))
            .Select(line => JsonDocument.Parse(line).RootElement)
            .Select(line => (
                line.GetProperty("outcome").GetString(), line.GetProperty("method").GetString(),
                line.GetProperty("resource").GetString(), line.GetProperty("caller").GetString()));
        Assert.Equal(
            [
                ("OK", "/foregsyte.v1.JobService/SubmitVideo", jobId, "key:submit"),
                ("PERMISSION_DENIED", "/foregsyte.v1.JobService/CancelJob", "", "key:read"),
            ],
            lines);
    }

    [Fact]
    public async Task Grpc_OnTheHttpPort_AndHttpOnTheGrpcPort_AreNotServed()
    {
        await using var service = await RunningJobService.StartAsync(RunningJobService.NotServing(), HttpPort);
        using var http = new HttpCaller(service.HttpAddress);
        using var content = new ByteArrayContent([0, 0, 0, 0, 0]);
        content.Headers.ContentType = new("application/grpc");

        var reply = await http.SendAsync("POST", "/foregsyte.v1.JobService/ListJobs", content);

        Assert.Equal((404, ErrorReason.Unimplemented), (reply.Status, reply.ReadError().Reason));
        using var client = new HttpClient(new SocketsHttpHandler());
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(service.Address, "/v1/jobs"))
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        using var onGrpc = await client.SendAsync(request, Cancellation);
        Assert.Equal(HttpStatusCode.NotFound, onGrpc.StatusCode);
    }

    [Theory]
    [InlineData("1.1")]
    [InlineData("2.0")]
    public async Task Tls_EitherVersion_IsServedWithDeadlines(string version)
    {
        using var setup = AccessSetup.MutualTls();
        await using var service = await RunningJobService.StartAsync(
            RunningJobService.NotServing(), [.. setup.Settings, HttpPort]);
        var address = new UriBuilder(service.HttpAddress) { Host = "localhost" }.Uri;
        using var caller = new HttpCaller(address, setup.Callers["admin"]) { Version = Version.Parse(version) };
        var submitted = await caller.SendBytesAsync(
            "POST", "/v1/jobs:submit?pipeline_id=detect_only", RunningJobService.Video.ToByteArray());
        var job = submitted.Read<SubmitVideoResponse>().Job;

        var late = await caller.GetAsync(
            $"/v1/jobs/{job.JobId}:wait?etag={job.Etag}&timeout=60s", ("grpc-timeout", "100m"));

        Assert.Equal((504, ErrorReason.DeadlineExceeded), (late.Status, late.ReadError().Reason));
        Assert.Equal(job.JobId, (await caller.GetAsync($"/v1/jobs/{job.JobId}")).Read<GetJobResponse>().Job.JobId);
    }

    private static async Task<HttpReply> SendAsync(HttpCaller caller, string what, Job job)
    {
        var absent = $"/v1/jobs/{Guid.NewGuid()}";
        switch (what)
        {
            case "a deadline that passes":
                return await caller.GetAsync(
                    $"/v1/jobs/{job.JobId}:wait?etag={job.Etag}&timeout=60s", ("grpc-timeout", "100m"));
            case "an invalid timeout":
                return await caller.GetAsync(absent, ("grpc-timeout", "soon"));
            case "no JSON":
                return await caller.PostAsync("/v1/jobs", "{");
            case "a form":
                return await caller.SendAsync("POST", "/v1/jobs", new FormUrlEncodedContent([new("a", "b")]));
            case "compressed JSON":
                var compressed = HttpCaller.Json("{}");
                compressed.Headers.ContentEncoding.Add("gzip");
                return await caller.SendAsync("POST", "/v1/jobs", compressed);
            case "too large JSON":
                return await caller.PostAsync("/v1/jobs", $$"""{"uri": "{{new string('x', 5_000_000)}}"}""");
            case "a video as a form":
                return await caller.SendBytesAsync(
                    "POST", "/v1/jobs:submit", [1], "multipart/form-data; boundary=x");
            case "a video without a length":
                return await caller.SendAsync("POST", "/v1/jobs:submit", new ChunkedContent([1]));
            case "a too large video":
                return await caller.SendBytesAsync("POST", "/v1/jobs:submit", new byte[1_100_000]);
            case "two sources of a video":
                return await caller.SendBytesAsync("POST", "/v1/jobs:submit?uri=file%3A%2F%2F%2Fx", [1]);
            case "a query beside a body":
                return await caller.PostAsync("/v1/jobs?pipeline_id=detect_only");
            case "an unknown field":
                return await caller.GetAsync("/v1/jobs?pagesize=1");
            case "a duplicate field":
                return await caller.GetAsync("/v1/jobs?page_size=1&pageSize=1");
            case "an encoding of gRPC":
                return await caller.GetAsync(absent, ("grpc-encoding", "gzip"), ("grpc-accept-encoding", "gzip"));
            case "an invalid binary header":
                return await caller.GetAsync(absent, ("x-test-bin", "!!!"));
            default:
                throw new ArgumentOutOfRangeException(nameof(what), what, "Unknown case.");
        }
    }
}
