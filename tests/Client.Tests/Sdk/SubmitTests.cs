using ForegSyte.Client.Tests.Fakes;
using ForegSyte.Testing;
using ForegSyte.V1;
using Grpc.Core;

namespace ForegSyte.Client.Tests.Sdk;

public sealed class SubmitTests
{
    private static readonly SubmitOptions Options = new() { PipelineId = "yolo_ocr", FrameStride = 5, MaxFrames = 7 };

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task SubmitVideo_UnavailableTwice_RetriesTheSameRequest()
    {
        await using var server = await ScriptedServer.StartAsync();
        server.Service.Submit
            .Fail(Failures.Unavailable, times: 2)
            .Answer(new SubmitVideoResponse { Job = SampleJobs.Pending() });
        await using var client = server.Connect();

        // More than 1 MB: the retry policy of gRPC's service config would not retry this request.
        var job = await client.SubmitVideoAsync(new byte[3_000_000], Options, cancellationToken: Token);

        Assert.Equal(SampleJobs.Id, job.JobId);
        var requests = server.Service.Submit.Requests;
        Assert.Equal(3, requests.Count);
        Assert.All(requests, request => Assert.Equal(requests[0], request));
        Assert.Equal('4', Guid.Parse(requests[0].RequestId).ToString()[14]);
        Assert.Equal(new JobOptions { FrameStride = 5, MaxFrames = 7 }, requests[0].Options);
    }

    [Fact]
    public async Task SubmitVideo_ResponseLost_RetriesWithTheSameRequestId()
    {
        await using var server = await ScriptedServer.StartAsync();
        server.Service.Submit.BreakConnection().Answer(new SubmitVideoResponse { Job = SampleJobs.Pending() });
        await using var client = server.Connect();

        await client.SubmitVideoAsync(new byte[100], Options, cancellationToken: Token);

        var requests = server.Service.Submit.Requests;
        Assert.Equal(2, requests.Count);
        Assert.Equal(requests[0].RequestId, requests[1].RequestId);
    }

    [Fact]
    public async Task SubmitVideo_CalledTwice_SendsTwoRequestIds()
    {
        await using var server = await ScriptedServer.StartAsync();
        server.Service.Submit.Always((_, _) => Task.FromResult(new SubmitVideoResponse { Job = SampleJobs.Pending() }));
        await using var client = server.Connect();

        await client.SubmitVideoAsync(new byte[1], Options, cancellationToken: Token);
        await client.SubmitVideoAsync(new byte[1], Options, cancellationToken: Token);

        Assert.Equal(2, server.Service.Submit.Requests.Select(request => request.RequestId).Distinct().Count());
    }

    [Fact]
    public async Task SubmitVideo_Rejected_IsNotRetried()
    {
        await using var server = await ScriptedServer.StartAsync();
        server.Service.Submit.Fail(Failures.Of(StatusCode.InvalidArgument, ErrorReason.NotAnMp4, "It is no MP4."));
        await using var client = server.Connect();

        var failure = await Assert.ThrowsAsync<ForegSyteException>(
            () => client.SubmitVideoAsync(new byte[1], Options, cancellationToken: Token));

        Assert.Equal(ErrorReason.NotAnMp4, failure.Reason);
        Assert.Single(server.Service.Submit.Requests);
    }

    [Theory]
    [InlineData(null)]
    [InlineData(0)]
    [InlineData(9)]
    public async Task SubmitVideo_Priority_IsSentIfSet(int? priority)
    {
        await using var server = await ScriptedServer.StartAsync();
        server.Service.Submit.Answer(new SubmitVideoResponse { Job = SampleJobs.Pending() });
        await using var client = server.Connect();

        await client.SubmitVideoAsync(new byte[1], Options with { Priority = priority }, cancellationToken: Token);

        var request = Assert.Single(server.Service.Submit.Requests);
        Assert.Equal(priority, request.HasPriority ? request.Priority : null);
    }

    [Fact]
    public async Task SubmitVideo_QueueFull_ThrowsWithRetryAfter()
    {
        await using var server = await ScriptedServer.StartAsync();
        server.Service.Submit.Fail(Failures.QueueFull(TimeSpan.FromSeconds(10)));
        await using var client = server.Connect();

        var failure = await Assert.ThrowsAsync<ForegSyteException>(
            () => client.SubmitVideoAsync(new byte[1], Options, cancellationToken: Token));

        Assert.Equal(ErrorReason.QueueFull, failure.Reason);
        Assert.Equal(TimeSpan.FromSeconds(10), failure.RetryAfter);
        Assert.True(failure.IsRetryable, "QUEUE_FULL with RetryInfo must be retryable.");
        Assert.Single(server.Service.Submit.Requests);
    }

    [Fact]
    public async Task SubmitVideo_WaitWhileQueueFull_FollowsRetryInfoBeyondMaxAttempts()
    {
        await using var server = await ScriptedServer.StartAsync();
        server.Service.Submit
            .Fail(Failures.QueueFull(TimeSpan.FromSeconds(10)), times: 6)
            .Fail(Failures.Unavailable)
            .Answer(new SubmitVideoResponse { Job = SampleJobs.Pending() });
        var clock = new SkippingTimeProvider();
        await using var client = server.Connect(options => options with
        {
            TimeProvider = clock,
            Random = new FixedRandom(1),
            MaxAttempts = 2,
        });

        var job = await client.SubmitVideoAsync(
            new byte[1], Options with { WaitWhileQueueFull = true }, cancellationToken: Token);

        Assert.Equal(SampleJobs.Id, job.JobId);
        // The delay after UNAVAILABLE is that of a first failure.
        Assert.Equal([10, 10, 10, 10, 10, 10, 0.2], clock.Delays.Select(delay => delay.TotalSeconds));
        Assert.Single(server.Service.Submit.Requests.Select(request => request.RequestId).Distinct());
    }

    [Fact]
    public async Task SubmitVideo_QueueStaysFull_EndsWithinTheSubmitDeadline()
    {
        await using var server = await ScriptedServer.StartAsync();
        server.Service.Submit.Always((_, _) => throw Failures.QueueFull(TimeSpan.FromSeconds(10)));
        var clock = new SkippingTimeProvider();
        await using var client = server.Connect(options => options with
        {
            TimeProvider = clock,
            SubmitDeadline = TimeSpan.FromSeconds(35),
        });

        var failure = await Assert.ThrowsAsync<ForegSyteException>(
            () => client.SubmitVideoAsync(
                new byte[1], Options with { WaitWhileQueueFull = true }, cancellationToken: Token));

        Assert.Equal(ErrorReason.QueueFull, failure.Reason);
        Assert.Equal(3, clock.Delays.Count);
        Assert.Equal(4, server.Service.Submit.Requests.Count);
    }

    [Fact]
    public async Task SubmitVideo_WaitWhileQueueFullAndOutage_MakesMaxAttempts()
    {
        await using var server = await ScriptedServer.StartAsync();
        server.Service.Submit.Always((_, _) => throw Failures.Unavailable);
        await using var client = server.Connect(options => options with { MaxAttempts = 3 });

        await Assert.ThrowsAsync<ForegSyteException>(
            () => client.SubmitVideoAsync(
                new byte[1], Options with { WaitWhileQueueFull = true }, cancellationToken: Token));

        Assert.Equal(3, server.Service.Submit.Requests.Count);
    }

    [Fact]
    public async Task SubmitVideo_Tags_AreSent()
    {
        await using var server = await ScriptedServer.StartAsync();
        server.Service.Submit.Answer(new SubmitVideoResponse { Job = SampleJobs.Pending() });
        await using var client = server.Connect();
        var tags = new Dictionary<string, string> { ["camera"] = "north", ["site"] = "a" };

        await client.SubmitVideoAsync(new byte[1], Options with { Tags = tags }, cancellationToken: Token);

        Assert.Equal(tags, Assert.Single(server.Service.Submit.Requests).Tags);
    }

    [Fact]
    public async Task SubmitVideo_Webhook_IsSent()
    {
        await using var server = await ScriptedServer.StartAsync();
        server.Service.Submit.Answer(new SubmitVideoResponse { Job = SampleJobs.Pending() });
        await using var client = server.Connect();
        var webhook = new Webhook { Uri = "https://hooks.example/a", Events = { WebhookEvent.Started } };

        await client.SubmitVideoAsync(new byte[1], Options with { Webhook = webhook }, cancellationToken: Token);

        Assert.Equal(webhook, Assert.Single(server.Service.Submit.Requests).Webhook);
    }

    [Fact]
    public async Task SubmitFromJob_Always_SendsTheJob()
    {
        await using var server = await ScriptedServer.StartAsync();
        server.Service.Submit.Answer(new SubmitVideoResponse { Job = SampleJobs.Pending() });
        await using var client = server.Connect();

        await client.SubmitFromJobAsync(SampleJobs.Id, Options, cancellationToken: Token);

        var request = Assert.Single(server.Service.Submit.Requests);
        Assert.Equal((SampleJobs.Id, "yolo_ocr"), (request.SourceJobId, request.PipelineId));
    }

    [Fact]
    public async Task SubmitFile_ValidateOnly_AsksTheServerWithoutAnUpload()
    {
        await using var server = await ScriptedServer.StartAsync();
        server.Service.Submit.Answer(new SubmitVideoResponse { Job = new Job { PipelineId = "yolo_ocr" } });
        await using var client = server.Connect();

        var job = await client.SubmitFileAsync(
            RepositoryFiles.Pedestrians, Options with { ValidateOnly = true }, cancellationToken: Token);

        Assert.Equal("", job.JobId);
        Assert.True(Assert.Single(server.Service.Submit.Requests).ValidateOnly, "validate_only was not sent.");
    }

    [Fact]
    public async Task SubmitFile_ValidateOnlyOfAFileThatNeedsAnUpload_IsRefused()
    {
        using var folder = new TemporaryFolder();
        var path = folder.File("clip.mp4");
        await File.WriteAllBytesAsync(path, new byte[1001], Token);
        await using var server = await ScriptedServer.StartAsync();
        server.Service.Submit.Fail(
            Failures.Of(StatusCode.InvalidArgument, ErrorReason.SourceNotAllowed, "Not allowed."));
        await using var client = server.Connect(options => options with { MaxInlineBytes = 1000 });

        var failure = await Assert.ThrowsAsync<ForegSyteException>(
            () => client.SubmitFileAsync(path, Options with { ValidateOnly = true }, cancellationToken: Token));

        Assert.Equal(ErrorReason.MessageTooLarge, failure.Reason);
        Assert.Equal(
            "The video has at least 1001 bytes and needs an upload, but a check uploads nothing. The server can check "
            + "a video of up to 1000 bytes (or its own lower limit), a URI that it reads itself, a complete upload, or "
            + "the video of a job.",
            failure.Message);
        Assert.Empty(server.Uploads.Create.Requests);
    }

    [Fact]
    public async Task SubmitFile_ValidateOnlyAsUpload_IsAContradiction()
    {
        await using var client = new ForegSyteClient();

        var failure = await Assert.ThrowsAsync<ArgumentException>(() => client.SubmitFileAsync(
            RepositoryFiles.Pedestrians,
            Options with { ValidateOnly = true, Transfer = VideoTransfer.Upload },
            cancellationToken: Token));

        Assert.Contains("ValidateOnly cannot be combined", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task SubmitFile_UpToTheInlineLimit_SendsTheBytesAndTheName()
    {
        await using var server = await ScriptedServer.StartAsync();
        server.Service.Submit.Answer(new SubmitVideoResponse { Job = SampleJobs.Pending() });
        await using var client = server.Connect();

        await client.SubmitFileAsync(RepositoryFiles.Pedestrians, Options, cancellationToken: Token);

        var request = Assert.Single(server.Service.Submit.Requests);
        Assert.Equal(await File.ReadAllBytesAsync(RepositoryFiles.Pedestrians, Token), request.Content.ToByteArray());
        Assert.Equal("pedestrians.mp4", request.DisplayName);
    }

    [Fact]
    public async Task SubmitFile_OverTheInlineLimitToThisMachine_SendsTheUri()
    {
        using var folder = new TemporaryFolder();
        var path = folder.File("a clip.mp4");
        await File.WriteAllBytesAsync(path, new byte[1001], Token);
        await using var server = await ScriptedServer.StartAsync();
        server.Service.Submit.Answer(new SubmitVideoResponse { Job = SampleJobs.Pending() });
        await using var client = server.Connect(options => options with { MaxInlineBytes = 1000 });

        await client.SubmitFileAsync(path, Options, cancellationToken: Token);

        var request = Assert.Single(server.Service.Submit.Requests);
        Assert.Equal(SubmitVideoRequest.SourceOneofCase.Uri, request.SourceCase);
        Assert.Equal(path, new Uri(request.Uri).LocalPath);
        Assert.EndsWith("/a%20clip.mp4", request.Uri, StringComparison.Ordinal);
    }

    [Fact]
    public async Task SubmitFile_Missing_NamesThePath()
    {
        await using var client = new ForegSyteClient();

        var failure = await Assert.ThrowsAsync<FileNotFoundException>(
            () => client.SubmitFileAsync("/nowhere/video.mp4", Options, cancellationToken: Token));

        Assert.Contains("/nowhere/video.mp4", failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("file:///videos/a%20b.mp4")]
    [InlineData("https://videos.example:8443/a%20b.mp4?signature=x%2Fy%3D")]
    [InlineData("s3://videos/2026/a%20b%23.mp4")]
    public async Task SubmitVideo_ByUri_SendsTheUriUnchanged(string uri)
    {
        await using var server = await ScriptedServer.StartAsync();
        server.Service.Submit.Answer(new SubmitVideoResponse { Job = SampleJobs.Pending() });
        await using var client = server.Connect();

        await client.SubmitVideoAsync(new Uri(uri), Options, cancellationToken: Token);

        Assert.Equal(uri, Assert.Single(server.Service.Submit.Requests).Uri);
    }

    [Fact]
    public async Task SubmitVideo_ByUri_UsesTheFetchDeadline()
    {
        await using var server = await ScriptedServer.StartAsync();
        var deadline = DateTime.MinValue;
        server.Service.Submit.Always((_, context) =>
        {
            deadline = context.Deadline;
            return Task.FromResult(new SubmitVideoResponse { Job = SampleJobs.Pending() });
        });
        await using var client = server.Connect(
            options => options with
            {
                SubmitDeadline = TimeSpan.FromMinutes(1),
                FetchDeadline = TimeSpan.FromHours(3),
            });

        await client.SubmitVideoAsync(new Uri("https://videos.example/a.mp4"), Options, cancellationToken: Token);

        var time = deadline - TimeProvider.System.GetUtcNow().UtcDateTime;
        Assert.InRange(time, TimeSpan.FromHours(2), TimeSpan.FromHours(3));
    }
}
