using ForegSyte.Hosting.Errors;
using ForegSyte.Inference.Video;
using ForegSyte.Testing;
using ForegSyte.V1;
using ForegSyte.Video;

namespace ForegSyte.Inference.Tests.Video;

public sealed class VideoProbeTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task ReadAsync_Pedestrians_DescribesTheVideo()
    {
        var index = await ProbeAsync(RepositoryFiles.Pedestrians);

        Assert.Equal(
            (768, 576, 100, "h264"),
            (index.Info.Width, index.Info.Height, index.Info.FrameCount, index.Info.Codec));
        Assert.Equal(10, index.Info.FrameRate, 6);
        Assert.False(index.Info.VariableFrameRate, "The clip has a constant rate.");
        Assert.Equal(TimeSpan.FromSeconds(10), index.Info.Duration.ToTimeSpan());
        Assert.Equal(new FileInfo(RepositoryFiles.Pedestrians).Length, index.Info.SizeBytes);
    }

    [Fact]
    public async Task ReadAsync_VariableRate_SaysSo()
    {
        var path = await Clips.MakeVariableRateAsync(_folder.File("a.mp4"));

        Assert.True((await ProbeAsync(path)).Info.VariableFrameRate, "The clip has a variable rate.");
    }

    [Theory]
    [InlineData(90, 96, 160)]
    [InlineData(180, 160, 96)]
    [InlineData(270, 96, 160)]
    public async Task ReadAsync_RotatedTrack_TellsSizeAsShown(int degrees, int width, int height)
    {
        var path = await Clips.MakeRedCornerAsync(_folder.File("a.mp4"));
        Mp4Surgery.Rotate(path, degrees);

        var info = (await ProbeAsync(path)).Info;

        Assert.Equal((degrees, width, height), (info.RotationDegrees, info.Width, info.Height));
    }

    [Fact]
    public async Task ReadAsync_KeyFrames_AreWhereTheEncoderPutThem()
    {
        var path = await Clips.MakeTestPictureAsync(_folder.File("a.mp4"), frames: 30, keyFrameEvery: 10);

        Assert.Equal([0, 10, 20], (await ProbeAsync(path)).KeyFrames);
    }

    [Fact]
    public async Task ReadAsync_OneFrame_TakesTheDeclaredRate()
    {
        var info = (await ProbeAsync(await Clips.MakeTestPictureAsync(_folder.File("a.mp4"), frames: 1))).Info;

        Assert.Equal((1, 10.0, false), (info.FrameCount, info.FrameRate, info.VariableFrameRate));
        Assert.Equal(TimeSpan.FromMilliseconds(100), info.Duration.ToTimeSpan());
    }

    [Fact]
    public async Task ReadAsync_CoverPictureOnly_HasNoVideoTrack()
    {
        var picture = await Clips.MakeAsync(
            _folder.File("cover.png"), "-f", "lavfi", "-i", "color=red:size=64x64", "-frames:v", "1");
        var sound = await Clips.MakeAudioOnlyAsync(_folder.File("sound.mp4"));
        var path = await Clips.MakeAsync(
            _folder.File("a.mp4"), "-i", sound, "-i", picture, "-map", "0", "-map", "1", "-c", "copy",
            "-disposition:v:0", "attached_pic");

        await AssertRefusedAsync(path, ErrorReason.NoVideoTrack);
    }

    [Fact]
    public async Task ReadAsync_AudioOnly_HasNoVideoTrack() =>
        await AssertRefusedAsync(await Clips.MakeAudioOnlyAsync(_folder.File("a.mp4")), ErrorReason.NoVideoTrack);

    [Fact]
    public async Task ReadAsync_TrackWithoutFrames_HasNoFrames()
    {
        var path = await Clips.MakeX264Async(
            _folder.File("a.mp4"), "keyint=10", "-movflags", "frag_keyframe+empty_moov");
        Mp4Surgery.Truncate(path, Mp4Surgery.OffsetOf(path, "moof"u8));

        await AssertRefusedAsync(path, ErrorReason.NoFrames);
    }

    [Fact]
    public async Task ReadAsync_EmptyFile_IsEmpty()
    {
        await File.WriteAllBytesAsync(_folder.File("a.mp4"), [], TestContext.Current.CancellationToken);

        await AssertRefusedAsync(_folder.File("a.mp4"), ErrorReason.EmptyVideo);
    }

    [Theory]
    [InlineData("hello, this is no video at all\n")]
    [InlineData("#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n")]
    [InlineData("ffconcat version 1.0\nfile '/etc/passwd'\n")]
    [InlineData("abc")]
    [InlineData("the letters ftyp are in here")]
    public async Task ReadAsync_OtherFileNamedMp4_IsNotAnMp4(string content)
    {
        await File.WriteAllTextAsync(_folder.File("a.mp4"), content, TestContext.Current.CancellationToken);

        await AssertRefusedAsync(_folder.File("a.mp4"), ErrorReason.NotAnMp4);
    }

    [Fact]
    public async Task ReadAsync_PlaylistBehindAnFtypBox_OpensNothingElse()
    {
        var playlist = "\0\0\0\bftyp#EXTM3U\nfile:///etc/passwd\n"u8.ToArray();
        await File.WriteAllBytesAsync(_folder.File("a.mp4"), playlist, TestContext.Current.CancellationToken);

        var failure = await Assert.ThrowsAsync<ServiceException>(() => ProbeAsync(_folder.File("a.mp4")));

        Assert.Contains(failure.Reason, new[] { ErrorReason.NotAnMp4, ErrorReason.TruncatedMp4 });
    }

    [Theory]
    [InlineData(0.1, true)]
    [InlineData(0.5, true)]
    [InlineData(0.99, true)]
    [InlineData(0.1, false)]
    [InlineData(0.5, false)]
    [InlineData(0.99, false)]
    public async Task ReadAsync_CutOffVideo_IsTruncated(double kept, bool tableFirst)
    {
        var path = await Clips.MakeX264Async(
            _folder.File("a.mp4"), "keyint=10", "-movflags", tableFirst ? "faststart" : "disable_chpl");
        Mp4Surgery.Truncate(path, (long)(new FileInfo(path).Length * kept));

        await AssertRefusedAsync(path, ErrorReason.TruncatedMp4);
    }

    [Fact]
    public async Task ReadAsync_DamagedTable_IsRefusedAndNotACrash()
    {
        var path = await Clips.MakeTestPictureAsync(_folder.File("a.mp4"));
        var bytes = await File.ReadAllBytesAsync(path, TestContext.Current.CancellationToken);
        bytes.AsSpan(Mp4Surgery.OffsetOf(path, "moov"u8) + 8, 600).Fill(0xFF);
        await File.WriteAllBytesAsync(path, bytes, TestContext.Current.CancellationToken);

        var failure = await Assert.ThrowsAsync<ServiceException>(() => ProbeAsync(path));

        Assert.Contains(
            failure.Reason, new[] { ErrorReason.NotAnMp4, ErrorReason.TruncatedMp4, ErrorReason.NoVideoTrack });
        Assert.DoesNotContain(_folder.Path, failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ReadAsync_Limits_AreNamed()
    {
        var path = await Clips.MakeTestPictureAsync(_folder.File("a.mp4"));

        await AssertLimitAsync(path, new VideoOptions { MaxFrames = 29 }, "Video:MaxFrames");
        await AssertLimitAsync(path, new VideoOptions { MaxFrameSidePixels = 319 }, "Video:MaxFrameSidePixels");
        await AssertLimitAsync(path, new VideoOptions { MaxFramePixels = (320 * 240) - 1 }, "Video:MaxFramePixels");
        await AssertLimitAsync(path, new VideoOptions { ProcessMemoryMebibytes = 64 }, "Video:ProcessMemoryMebibytes");
    }

    [Fact]
    public async Task ReadAsync_FileReplaced_IsReadAgain()
    {
        var parts = new VideoParts();
        var path = await Clips.MakeTestPictureAsync(_folder.File("a.mp4"), frames: 5);
        var first = await parts.Probe.ReadAsync(VideoFile.Open(path), TestContext.Current.CancellationToken);
        var again = await parts.Probe.ReadAsync(VideoFile.Open(path), TestContext.Current.CancellationToken);
        await Clips.MakeTestPictureAsync(path, frames: 7);
        var replaced = await parts.Probe.ReadAsync(VideoFile.Open(path), TestContext.Current.CancellationToken);

        Assert.Same(first, again);
        Assert.Equal((5, 7), (first.FrameCount, replaced.FrameCount));
    }

    [Fact]
    public async Task ReadAsync_CancelledCall_EndsWithCancellation() =>
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() =>
            new VideoParts().Probe.ReadAsync(
                VideoFile.Open(RepositoryFiles.Pedestrians), new CancellationToken(canceled: true)));

    private static Task<VideoIndex> ProbeAsync(string path) =>
        new VideoParts().Probe.ReadAsync(VideoFile.Open(path), TestContext.Current.CancellationToken);

    private static async Task AssertRefusedAsync(string path, ErrorReason reason)
    {
        var failure = await Assert.ThrowsAsync<ServiceException>(() => ProbeAsync(path));

        Assert.Equal(reason, failure.Reason);
        Assert.DoesNotContain(path, failure.Message, StringComparison.Ordinal);
    }

    private static async Task AssertLimitAsync(string path, VideoOptions options, string option)
    {
        var failure = await Assert.ThrowsAsync<ServiceException>(
            () => new VideoParts(options).Probe.ReadAsync(VideoFile.Open(path), TestContext.Current.CancellationToken));

        Assert.Equal(ErrorReason.VideoLimitExceeded, failure.Reason);
        Assert.Equal(option, failure.Metadata["option"]);
    }
}
