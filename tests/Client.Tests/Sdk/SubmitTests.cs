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
    public async Task SubmitFile_OverTheInlineLimitToAnotherMachine_NamesTheWay()
    {
        await using var client = new ForegSyteClient(new ForegSyteClientOptions
        {
            Address = new Uri("http://videos.example:5200"),
            MaxInlineBytes = 1000,
        });

        var failure = await Assert.ThrowsAsync<ForegSyteException>(
            () => client.SubmitFileAsync(RepositoryFiles.Pedestrians, Options, Token));

        Assert.Equal(ErrorReason.MessageTooLarge, failure.Reason);
        Assert.Contains("file:// URI", failure.Message, StringComparison.Ordinal);
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
