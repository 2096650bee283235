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
    public async Task SubmitVideo_ServerAwayTwice_RepeatsTheSameRequest()
    {
        await using var server = await ScriptedServer.StartAsync();
        server.Service.Submit
            .Fail(Failures.Unavailable, times: 2)
            .Answer(new SubmitVideoResponse { Job = SampleJobs.Pending() });
        await using var client = server.Connect();

        // More than 1 MB: a retry policy of the channel would have given up here without a word.
        var job = await client.SubmitVideoAsync(new byte[3_000_000], Options, Token);

        Assert.Equal(SampleJobs.Id, job.JobId);
        var requests = server.Service.Submit.Requests;
        Assert.Equal(3, requests.Count);
        Assert.All(requests, request => Assert.Equal(requests[0], request));
        Assert.Equal('4', Guid.Parse(requests[0].RequestId).ToString()[14]);
        Assert.Equal(new JobOptions { FrameStride = 5, MaxFrames = 7 }, requests[0].Options);
    }

    [Fact]
    public async Task SubmitVideo_ConnectionBreaksAfterTheServerGotIt_RepeatsWithTheSameRequestId()
    {
        await using var server = await ScriptedServer.StartAsync();
        server.Service.Submit.BreakConnection().Answer(new SubmitVideoResponse { Job = SampleJobs.Pending() });
        await using var client = server.Connect();

        await client.SubmitVideoAsync(new byte[100], Options, Token);

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

        await client.SubmitVideoAsync(new byte[1], Options, Token);
        await client.SubmitVideoAsync(new byte[1], Options, Token);

        Assert.Equal(2, server.Service.Submit.Requests.Select(request => request.RequestId).Distinct().Count());
    }

    [Fact]
    public async Task SubmitVideo_Refused_IsNotRepeated()
    {
        await using var server = await ScriptedServer.StartAsync();
        server.Service.Submit.Fail(Failures.Of(StatusCode.InvalidArgument, ErrorReason.NotAnMp4, "It is no MP4."));
        await using var client = server.Connect();

        var failure = await Assert.ThrowsAsync<ForegSyteException>(
            () => client.SubmitVideoAsync(new byte[1], Options, Token));

        Assert.Equal(ErrorReason.NotAnMp4, failure.Reason);
        Assert.Single(server.Service.Submit.Requests);
    }

    [Theory]
    [InlineData(null)]
    [InlineData(0)]
    [InlineData(9)]
    public async Task SubmitVideo_Priority_IsSentWhereGiven(int? priority)
    {
        await using var server = await ScriptedServer.StartAsync();
        server.Service.Submit.Answer(new SubmitVideoResponse { Job = SampleJobs.Pending() });
        await using var client = server.Connect();

        await client.SubmitVideoAsync(new byte[1], Options with { Priority = priority }, Token);

        var request = Assert.Single(server.Service.Submit.Requests);
        Assert.Equal(priority, request.HasPriority ? request.Priority : null);
    }

    [Fact]
    public async Task SubmitVideo_QueueFull_IsThrownWithWhenToComeBack()
    {
        await using var server = await ScriptedServer.StartAsync();
        server.Service.Submit.Fail(Failures.QueueFull(TimeSpan.FromSeconds(10)));
        await using var client = server.Connect();

        var failure = await Assert.ThrowsAsync<ForegSyteException>(
            () => client.SubmitVideoAsync(new byte[1], Options, Token));

        Assert.Equal(ErrorReason.QueueFull, failure.Reason);
        Assert.Equal(TimeSpan.FromSeconds(10), failure.RetryAfter);
        Assert.True(failure.IsRetryable);
        Assert.Single(server.Service.Submit.Requests);
    }

    [Fact]
    public async Task SubmitVideo_WaitWhileQueueFull_ComesBackWhenAskedToBeyondMaxAttempts()
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

        var job = await client.SubmitVideoAsync(new byte[1], Options with { WaitWhileQueueFull = true }, Token);

        Assert.Equal(SampleJobs.Id, job.JobId);
        // The pause after UNAVAILABLE is the first of its kind.
        Assert.Equal([10, 10, 10, 10, 10, 10, 0.2], clock.Pauses.Select(pause => pause.TotalSeconds));
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
            () => client.SubmitVideoAsync(new byte[1], Options with { WaitWhileQueueFull = true }, Token));

        Assert.Equal(ErrorReason.QueueFull, failure.Reason);
        Assert.Equal(3, clock.Pauses.Count);
        Assert.Equal(4, server.Service.Submit.Requests.Count);
    }

    [Fact]
    public async Task SubmitVideo_WaitWhileQueueFullAndServerStaysAway_MakesMaxAttempts()
    {
        await using var server = await ScriptedServer.StartAsync();
        server.Service.Submit.Always((_, _) => throw Failures.Unavailable);
        await using var client = server.Connect(options => options with { MaxAttempts = 3 });

        await Assert.ThrowsAsync<ForegSyteException>(
            () => client.SubmitVideoAsync(new byte[1], Options with { WaitWhileQueueFull = true }, Token));

        Assert.Equal(3, server.Service.Submit.Requests.Count);
    }

    [Fact]
    public async Task SubmitVideo_StreamOverTheInlineLimit_IsRefusedBeforeAnythingIsSent()
    {
        await using var server = await ScriptedServer.StartAsync();
        await using var client = server.Connect(options => options with { MaxInlineBytes = 1000 });

        var failure = await Assert.ThrowsAsync<ForegSyteException>(
            () => client.SubmitVideoAsync(new MemoryStream(new byte[1001]), Options, Token));

        Assert.Equal(ErrorReason.MessageTooLarge, failure.Reason);
        Assert.Contains("1000", failure.Message, StringComparison.Ordinal);
        Assert.Empty(server.Service.Submit.Requests);
    }

    [Fact]
    public async Task SubmitFile_UpToTheInlineLimit_SendsTheBytesAndTheName()
    {
        await using var server = await ScriptedServer.StartAsync();
        server.Service.Submit.Answer(new SubmitVideoResponse { Job = SampleJobs.Pending() });
        await using var client = server.Connect();

        await client.SubmitFileAsync(RepositoryFiles.Pedestrians, Options, Token);

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

        await client.SubmitFileAsync(path, Options, Token);

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
            () => client.SubmitFileAsync("/nowhere/video.mp4", Options, Token));

        Assert.Contains("/nowhere/video.mp4", failure.Message, StringComparison.Ordinal);
    }
}
