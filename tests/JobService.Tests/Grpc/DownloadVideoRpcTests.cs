using System.Security.Cryptography;
using ForegSyte.Hosting.Errors;
using ForegSyte.Jobs.Grpc;
using ForegSyte.Jobs.Tests.Queue;
using ForegSyte.Jobs.Tests.Storage;
using ForegSyte.V1;
using Grpc.Core;

namespace ForegSyte.Jobs.Tests.Grpc;

/// <summary>The submitted video of a job, part by part.</summary>
public sealed class DownloadVideoRpcTests : IAsyncLifetime
{
    private RunningJobService _service = null!;
    private Job _job = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private static ReadOnlySpan<byte> Video => RunningJobService.Video.Span;

    private string VideoPath => _service.PathOf(ArtifactKeys.Video(Guid.Parse(_job.JobId)));

    public async ValueTask InitializeAsync()
    {
        _service = await RunningJobService.StartAsync(RunningJobService.NotServing());
        _job = await _service.SubmitAsync();
    }

    public ValueTask DisposeAsync() => _service.DisposeAsync();

    [Theory]
    [InlineData(100_000)]
    [InlineData(694_879)]
    [InlineData(0)]
    public async Task DownloadVideo_PartByPart_IsTheSubmittedVideo(int maxBytes)
    {
        using var copy = new MemoryStream();
        DownloadVideoResponse part;
        do
        {
            part = await DownloadAsync(copy.Length, maxBytes);
            Assert.Equal(Video.Length, part.SizeBytes);
            Assert.InRange(part.Data.Length, 1, maxBytes == 0 ? VideoDownloads.DefaultBytes : maxBytes);
            part.Data.WriteTo(copy);
        }
        while (copy.Length < part.SizeBytes);

        Assert.True(Video.SequenceEqual(copy.ToArray()), "The parts are not the video.");
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(Video)), part.VideoSha256);
        Assert.Empty((await DownloadAsync(part.SizeBytes)).Data);
    }

    [Fact]
    public async Task DownloadVideo_MoreThanTheLimits_ReturnsTheLimits()
    {
        // The sparse file of a large video.
        using (var file = File.OpenWrite(VideoPath))
        {
            file.SetLength(10 << 20);
        }

        Assert.Equal(1 << 20, (await DownloadAsync(0)).Data.Length);
        Assert.Equal(3 << 20, (await DownloadAsync(1, int.MaxValue)).Data.Length);
        Assert.Equal(5, (await DownloadAsync((10 << 20) - 5, int.MaxValue)).Data.Length);
    }

    [Theory]
    [InlineData(-1, 0, "offset", "offset must be 0 to 694879, the size of the video.")]
    [InlineData(694_880, 0, "offset", "offset must be 0 to 694879, the size of the video.")]
    [InlineData(long.MaxValue, 0, "offset", "offset must be 0 to 694879, the size of the video.")]
    [InlineData(0, -1, "max_bytes", "max_bytes must be 0 (the default, 1048576) or more.")]
    public async Task DownloadVideo_InvalidRange_IsInvalidField(
        long offset, int maxBytes, string field, string description)
    {
        var (code, info, status) = await FailureAsync(offset, maxBytes);

        Assert.Equal((StatusCode.InvalidArgument, "INVALID_FIELD"), (code, info.Reason));
        Assert.Equal((field, description), (info.Metadata["field"], status.Message));
    }

    [Fact]
    public async Task DownloadVideo_FileIsMissing_IsVideoGone()
    {
        File.Delete(VideoPath);

        var (code, info, _) = await FailureAsync();

        Assert.Equal(
            (StatusCode.FailedPrecondition, "VIDEO_GONE", _job.JobId), (code, info.Reason, info.Metadata["jobId"]));
    }

    [Fact]
    public async Task DownloadVideo_FileOfAnotherSizeThanProbed_IsVideoGone()
    {
        var record = TestJobs.Pending() with
        {
            JobId = Guid.Parse(_job.JobId),
            InputPath = ArtifactKeys.Video(Guid.Parse(_job.JobId)),
            Video = new VideoInfo { SizeBytes = Video.Length },
        };
        var downloads = new VideoDownloads(_service.Storage);
        var whole = await downloads.ReadAsync(record, new DownloadVideoRequest(), Cancellation);
        Assert.Equal(Video.Length, whole.Data.Length);
        using (var file = File.OpenWrite(VideoPath))
        {
            file.SetLength(Video.Length - 1);
        }

        var refused = await Assert.ThrowsAsync<ServiceException>(
            () => downloads.ReadAsync(record, new DownloadVideoRequest(), Cancellation));

        Assert.Equal(ErrorReason.VideoGone, refused.Reason);
    }

    [Fact]
    public async Task DownloadVideo_UnknownJob_IsNotFound()
    {
        var (_, info, _) = await RunningJobService.FailureOfAsync(_service.Client.DownloadVideoAsync(
            new DownloadVideoRequest { JobId = Guid.NewGuid().ToString() }, cancellationToken: Cancellation));

        Assert.Equal("JOB_NOT_FOUND", info.Reason);
    }

    [Theory]
    [InlineData("", "{id}.mp4")]
    [InlineData("lobby", "lobby.mp4")]
    [InlineData("lobby.mp4", "lobby.mp4")]
    [InlineData("Lobby.MOV", "Lobby.MOV")]
    [InlineData("archive.tar.gz", "archive.tar.gz.mp4")]
    [InlineData("../../etc/passwd", "_.._etc_passwd.mp4")]
    [InlineData("C:\\videos\\a.mp4", "C__videos_a.mp4")]
    [InlineData("a\"; filename=\"b.exe", "a__ filename=_b.exe.mp4")]
    [InlineData("a\r\nSet-Cookie: x", "a__Set-Cookie_ x.mp4")]
    [InlineData("$(rm -rf ~)`x`|y", "_(rm -rf _)_x__y.mp4")]
    [InlineData("a\u202Egpj.exe", "a_gpj.exe.mp4")]
    [InlineData(".hidden", "hidden.mp4")]
    [InlineData("trailing. . ", "trailing.mp4")]
    [InlineData("///", "{id}.mp4")]
    [InlineData("Straße № 7, вход", "Straße _ 7, вход.mp4")]
    [InlineData("入口 カメラ", "入口 カメラ.mp4")]
    public void FileNameOf_DisplayName_IsSafe(string displayName, string expected)
    {
        var job = TestJobs.Pending() with { DisplayName = displayName };

        Assert.Equal(
            expected.Replace("{id}", $"{job.JobId}", StringComparison.Ordinal), VideoDownloads.FileNameOf(job));
    }

    [Theory]
    [InlineData("x")]
    [InlineData("ж")]
    [InlineData("字")]
    [InlineData("𝒳")]
    public void FileNameOf_LongestDisplayName_FitsIntoAFileSystem(string letter)
    {
        var job = TestJobs.Pending() with
        {
            DisplayName = string.Concat(Enumerable.Repeat(letter, JobGrpcService.MaxDisplayNameLength)),
        };

        var name = VideoDownloads.FileNameOf(job);

        Assert.InRange(System.Text.Encoding.UTF8.GetByteCount(name), 150, 255);
        Assert.EndsWith(letter + ".mp4", name, StringComparison.Ordinal);
    }

    [Fact]
    public async Task GetJobResults_PageTokenWithStartFrame_IsRefusedWithWhatToDo()
    {
        await using var service = await RunningJobService.StartAsync(new ScriptedInference());
        var job = await service.SubmitAsync();
        await service.GetWhenAsync(job.JobId, found => found.Status == JobStatus.Completed);
        var first = await service.Client.GetJobResultsAsync(
            new() { JobId = job.JobId, PageBytes = 1, StartFrame = 2 }, cancellationToken: Cancellation);
        Assert.Equal(2, first.Results[0].FrameIndex);

        var next = await service.Client.GetJobResultsAsync(
            new() { JobId = job.JobId, PageToken = first.NextPageToken, PageBytes = 1 },
            cancellationToken: Cancellation);
        var (code, info, status) = await RunningJobService.FailureOfAsync(service.Client.GetJobResultsAsync(
            new() { JobId = job.JobId, PageToken = first.NextPageToken, StartFrame = 2 },
            cancellationToken: Cancellation));

        Assert.Equal(3, next.Results[0].FrameIndex);
        Assert.Equal(
            (StatusCode.InvalidArgument, "INVALID_FIELD", "start_frame"),
            (code, info.Reason, info.Metadata["field"]));
        Assert.Contains("Send start_frame only for the first page.", status.Message, StringComparison.Ordinal);
    }

    private async Task<DownloadVideoResponse> DownloadAsync(long offset, int maxBytes = 0) =>
        await _service.Client.DownloadVideoAsync(Request(offset, maxBytes), cancellationToken: Cancellation);

    private Task<(StatusCode Code, Google.Rpc.ErrorInfo Info, Google.Rpc.Status Status)> FailureAsync(
        long offset = 0, int maxBytes = 0) => RunningJobService.FailureOfAsync(
        _service.Client.DownloadVideoAsync(Request(offset, maxBytes), cancellationToken: Cancellation));

    private DownloadVideoRequest Request(long offset, int maxBytes) =>
        new() { JobId = _job.JobId, Offset = offset, MaxBytes = maxBytes };
}
