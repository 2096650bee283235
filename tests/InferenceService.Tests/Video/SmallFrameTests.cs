using ForegSyte.Hosting.Errors;
using ForegSyte.Inference.Video;
using ForegSyte.Testing;
using ForegSyte.V1;

namespace ForegSyte.Inference.Tests.Video;

/// <summary>The reader stops FFmpeg while timestamps are ahead of frames, and never kills or blocks it.</summary>
public sealed class SmallFrameTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("2x2", "libx264", "yuv420p")]
    [InlineData("16x2", "mpeg4", "yuv420p")]
    [InlineData("1x1", "png", "rgb24")]
    public async Task ReadAsync_ThousandsOfTinyFrames_AllComeFromOneDecoder(string size, string codec, string format)
    {
        const int count = 18_000;
        var path = await Clips.MakeAsync(
            _folder.File("tiny.mp4"),
            "-f", "lavfi", "-i", "color=red:size=64x64:rate=25", "-vf", $"scale={size.Replace('x', ':')}",
            "-frames:v", "18000", "-c:v", codec, "-pix_fmt", format, "-g", "250");
        var parts = new VideoParts();

        var seen = await parts.ReadAsync(path);

        Assert.Equal(Enumerable.Range(0, count), seen.Select(frame => frame.Index));
        Assert.Equal(1, parts.Decoders.StartCount);
    }

    [Fact]
    public async Task ReadAsync_TimestampsWithoutFrames_EndsWithTheProcess()
    {
        var path = await Clips.MakeTestPictureAsync(_folder.File("a.mp4"));
        var index = await new VideoParts().Probe.ReadAsync(VideoFile.Open(path), TestContext.Current.CancellationToken);
        var lines = _folder.File("lines");
        await File.WriteAllLinesAsync(
            lines,
            Enumerable.Repeat("[Parsed_showinfo_1 @ 0x1] [info] n:   0 pts:      0 pts_time:0", 50_000),
            TestContext.Current.CancellationToken);
        var parts = new VideoParts(new VideoOptions
        {
            FfmpegPath = FakeProgram.Make(_folder, $"exec 1>&-; cat {lines} >&2"),
        });
        var meter = new DecodeMeter();

        var failure = await Assert.ThrowsAsync<ServiceException>(async () =>
        {
            await foreach (var frame in parts.Source.ReadAsync(
                VideoFile.Open(path), index, null, 1, 0, DecodeSize.Native, meter,
                TestContext.Current.CancellationToken))
            {
                frame.Dispose();
            }
        });

        Assert.Equal(ErrorReason.UndecodableVideo, failure.Reason);
    }
}
