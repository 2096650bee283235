using ForegSyte.Hosting.Errors;
using ForegSyte.Inference.V1;
using ForegSyte.Inference.Video;
using ForegSyte.Testing;
using ForegSyte.V1;

namespace ForegSyte.Inference.Tests.Video;

/// <summary>
/// Somebody who may write to a folder of videos makes a path mean another file after the service has checked it.
/// </summary>
public sealed class SwappedVideoTests : IDisposable
{
    private const int Frames = 12;
    private const int FramesOfTheSecret = 5;

    private readonly TemporaryFolder _folder = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private string Video => _folder.File("video_jobs", "a.mp4");

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(SandboxLevel.Limits)]
    [InlineData(SandboxLevel.Network)]
    [InlineData(SandboxLevel.Files)]
    public async Task PathBecomesALinkToASecret_TheCheckedFileIsRead(SandboxLevel level)
    {
        var (parts, video) = await OpenAsync(level);
        File.Move(Video, _folder.File("video_jobs", "moved.mp4"));
        File.CreateSymbolicLink(Video, _folder.File("secret.mp4"));

        Assert.Equal(Frames, await CountAsync(parts, video));
    }

    [Theory]
    [InlineData(SandboxLevel.Limits)]
    [InlineData(SandboxLevel.Network)]
    [InlineData(SandboxLevel.Files)]
    public async Task FolderBecomesALinkToAnother_TheCheckedFileIsRead(SandboxLevel level)
    {
        var (parts, video) = await OpenAsync(level);
        Directory.CreateDirectory(_folder.File("other"));
        File.Copy(_folder.File("secret.mp4"), _folder.File("other", "a.mp4"));
        Directory.Move(_folder.File("video_jobs"), _folder.File("moved"));
        File.CreateSymbolicLink(_folder.File("video_jobs"), _folder.File("other"));

        Assert.Equal(Frames, await CountAsync(parts, video));
    }

    [Theory]
    [InlineData(SandboxLevel.Limits)]
    [InlineData(SandboxLevel.Network)]
    public async Task FileIsReplaced_TheCheckedFileIsRead(SandboxLevel level)
    {
        var (parts, video) = await OpenAsync(level);
        File.Move(_folder.File("secret.mp4"), Video, overwrite: true);

        Assert.Equal(Frames, await CountAsync(parts, video));
    }

    [Fact]
    public async Task Files_FileIsReplaced_IsDecoderLost()
    {
        // bwrap mounts no file that is deleted; the next attempt opens the new file.
        var (parts, video) = await OpenAsync(SandboxLevel.Files);
        File.Move(_folder.File("secret.mp4"), Video, overwrite: true);

        var failure = await Assert.ThrowsAsync<ServiceException>(() => CountAsync(parts, video));

        Assert.Equal(ErrorReason.DecoderLost, failure.Reason);
    }

    private async Task<(VideoParts Parts, VideoFile Video)> OpenAsync(SandboxLevel level)
    {
        Directory.CreateDirectory(_folder.File("video_jobs"));
        await Clips.MakeTestPictureAsync(Video, frames: Frames);
        await Clips.MakeTestPictureAsync(_folder.File("secret.mp4"), frames: FramesOfTheSecret);
        var sources = VideoParts.Sources(_folder.Path);
        return (
            await VideoParts.AtAsync(level),
            sources.Open(new VideoSource { Uri = $"file://{_folder.Path}/video_jobs/a.mp4" }));
    }

    private static async Task<int> CountAsync(VideoParts parts, VideoFile video)
    {
        using (video)
        {
            var index = await parts.Probe.ReadAsync(video, Cancel);
            var count = 0;
            await foreach (var frame in parts.Source.ReadAsync(
                video, index, null, 1, 0, DecodeSize.Native, parts.Meter, Cancel))
            {
                frame.Dispose();
                count++;
            }

            return count;
        }
    }
}
