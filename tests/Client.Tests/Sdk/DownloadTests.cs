using ForegSyte.Client.Tests.Fakes;
using ForegSyte.Testing;
using ForegSyte.V1;
using Grpc.Core;

namespace ForegSyte.Client.Tests.Sdk;

/// <summary>Downloads of the videos of jobs.</summary>
public sealed class DownloadTests : IDisposable
{
    private const int RangeBytes = 1000;

    private readonly TemporaryFolder _folder = new();
    private readonly byte[] _video = [.. Enumerable.Range(0, 3500).Select(index => (byte)(index * 7))];

    private string Output => _folder.File("video.mp4");

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Download_ToAFile_HasEveryByteAndReportsEachRange()
    {
        await using var server = await ScriptedServer.StartAsync();
        server.Service.Download.Serve(_video, RangeBytes);
        await using var client = server.Connect();
        var reports = new List<DownloadProgress>();

        var size = await client.DownloadVideoAsync(
            SampleJobs.Id, Output, new SynchronousReports(reports), cancellationToken: Token);

        Assert.Equal(3500, size);
        Assert.Equal(_video, await File.ReadAllBytesAsync(Output, Token));
        Assert.Equal(
            [new(1000, 3500), new(2000, 3500), new(3000, 3500), new DownloadProgress(3500, 3500)], reports);
        Assert.Equal([Output], Directory.GetFiles(_folder.Path));
    }

    [Fact]
    public async Task Download_ToAStream_StartsAtItsPosition()
    {
        await using var server = await ScriptedServer.StartAsync();
        server.Service.Download.Serve(_video, RangeBytes);
        await using var client = server.Connect();
        using var stream = new MemoryStream();
        stream.Write([1, 2]);

        await client.DownloadVideoAsync(SampleJobs.Id, stream, cancellationToken: Token);

        Assert.Equal([1, 2, .. _video], stream.ToArray());
    }

    [Fact]
    public async Task Download_ServerRestarts_GoesOnWithTheSameRange()
    {
        await using var server = await ScriptedServer.StartAsync();
        var script = server.Service.Download;
        script.Do((request, _) => Task.FromResult(DownloadScript.Range(_video, request, RangeBytes)))
            .Fail(Failures.Unavailable, times: 12)
            .Serve(_video, RangeBytes);
        await using var client = server.Connect();

        await client.DownloadVideoAsync(SampleJobs.Id, Output, cancellationToken: Token);

        Assert.Equal(_video, await File.ReadAllBytesAsync(Output, Token));
        Assert.Equal(13, script.Requests.Count(request => request.Offset == 1000));
    }

    [Fact]
    public async Task Download_Interrupted_ContinuesWhereItEnded()
    {
        await using var server = await ScriptedServer.StartAsync();
        var script = server.Service.Download;
        script.Do((request, _) => Task.FromResult(DownloadScript.Range(_video, request, RangeBytes)))
            .Fail(Failures.JobNotFound)
            .Serve(_video, RangeBytes);
        await using var client = server.Connect();
        await Assert.ThrowsAsync<ForegSyteException>(
            () => client.DownloadVideoAsync(SampleJobs.Id, Output, cancellationToken: Token));
        Assert.False(File.Exists(Output), "A part of the video has the name of the whole.");

        await client.DownloadVideoAsync(SampleJobs.Id, Output, cancellationToken: Token);

        Assert.Equal(_video, await File.ReadAllBytesAsync(Output, Token));
        Assert.Equal([0L, 1000, 1000, 2000, 3000], script.Requests.Select(request => request.Offset));
    }

    [Theory]
    [InlineData(1500)]
    [InlineData(9000)]
    public async Task Download_PartialFileOfAnotherVideo_StartsAgain(int partialBytes)
    {
        await using var server = await ScriptedServer.StartAsync();
        server.Service.Download.Serve(_video, RangeBytes);
        await using var client = server.Connect();
        await File.WriteAllBytesAsync(Output + ".partial", new byte[partialBytes], Token);

        await client.DownloadVideoAsync(SampleJobs.Id, Output, cancellationToken: Token);

        Assert.Equal(_video, await File.ReadAllBytesAsync(Output, Token));
    }

    [Fact]
    public async Task Download_OtherSha256_IsDataLossAndLeavesNoVideo()
    {
        await using var server = await ScriptedServer.StartAsync();
        server.Service.Download.Serve(_video, RangeBytes, sha256: new string('0', 64));
        await using var client = server.Connect();

        var failure = await Assert.ThrowsAsync<ForegSyteException>(
            () => client.DownloadVideoAsync(SampleJobs.Id, Output, cancellationToken: Token));

        Assert.Equal(StatusCode.DataLoss, failure.Code);
        Assert.Contains("SHA-256", failure.Message, StringComparison.Ordinal);
        Assert.False(File.Exists(Output), "A damaged download has the name of the video.");
    }

    [Fact]
    public async Task Download_JobWithoutSha256_IsAccepted()
    {
        await using var server = await ScriptedServer.StartAsync();
        server.Service.Download.Serve(_video, RangeBytes, sha256: "");
        await using var client = server.Connect();

        Assert.Equal(3500, await client.DownloadVideoAsync(SampleJobs.Id, Output, cancellationToken: Token));
    }

    [Fact]
    public async Task GetFrame_Request_IsPassedOn()
    {
        await using var server = await ScriptedServer.StartAsync();
        var picture = new GetFrameResponse { Jpeg = Google.Protobuf.ByteString.CopyFrom(1, 2), FrameIndex = 7 };
        server.Service.Frames.Answer(picture);
        await using var client = server.Connect();

        var request = new GetFrameRequest { JobId = SampleJobs.Id, FrameIndex = 7, MaxWidth = 160 };

        Assert.Equal(picture, await client.GetFrameAsync(request, cancellationToken: Token));
    }

    [Fact]
    public async Task Download_EmptyRangeBeforeTheEnd_IsDataLoss()
    {
        await using var server = await ScriptedServer.StartAsync();
        server.Service.Download.Answer(new DownloadVideoResponse { SizeBytes = 10 });
        await using var client = server.Connect();

        var failure = await Assert.ThrowsAsync<ForegSyteException>(
            () => client.DownloadVideoAsync(SampleJobs.Id, Output, cancellationToken: Token));

        Assert.Equal(StatusCode.DataLoss, failure.Code);
    }

    [Fact]
    public async Task DownloadRange_OffsetAndLength_AreSent()
    {
        await using var server = await ScriptedServer.StartAsync();
        server.Service.Download.Serve(_video, RangeBytes);
        await using var client = server.Connect();

        var range = await client.DownloadVideoRangeAsync(SampleJobs.Id, 3000, 700, cancellationToken: Token);

        Assert.Equal(_video[3000..], range.Data.ToByteArray());
        Assert.Equal(
            new DownloadVideoRequest { JobId = SampleJobs.Id, Offset = 3000, MaxBytes = 700 },
            server.Service.Download.Requests.Single());
    }

    private sealed class SynchronousReports(List<DownloadProgress> reports) : IProgress<DownloadProgress>
    {
        public void Report(DownloadProgress value) => reports.Add(value);
    }
}
