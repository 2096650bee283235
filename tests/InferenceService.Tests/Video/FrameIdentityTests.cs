using ForegSyte.Inference.Video;
using ForegSyte.Testing;

namespace ForegSyte.Inference.Tests.Video;

/// <summary>
/// Frame N is the same frame from every range and stride. The expected pixels come from a plain run of ffmpeg and the
/// expected times from ffprobe's decoded frames, which share no code with the reader.
/// </summary>
public sealed class FrameIdentityTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public static TheoryData<string> Clips => [.. Makers.Keys];

    /// <summary>Makes a clip by its name in <see cref="Clips"/>.</summary>
    internal static Task<string> MakeAsync(string clip, TemporaryFolder folder) => Makers[clip](folder);

    private static readonly Dictionary<string, Func<TemporaryFolder, Task<string>>> Makers = new()
    {
        ["steady"] = folder => Testing.Clips.MakeTestPictureAsync(folder.File("c.mp4")),
        ["odd size"] = folder => Testing.Clips.MakeAsync(
            folder.File("c.mp4"), "-f", "lavfi", "-i", "testsrc2=size=321x241", "-frames:v", "20", "-c:v", "libx264",
            "-pix_fmt", "yuv444p", "-g", "5"),
        ["one frame"] = folder => Testing.Clips.MakeTestPictureAsync(folder.File("c.mp4"), frames: 1),
        ["ten bit"] = folder => Testing.Clips.MakeX264Async(
            folder.File("c.mp4"), "keyint=8", "-pix_fmt", "yuv420p10le"),
        ["variable rate"] = folder => Testing.Clips.MakeVariableRateAsync(folder.File("c.mp4")),
        ["b-pyramid"] = folder => Testing.Clips.MakeX264Async(
            folder.File("c.mp4"), "bframes=6:b-pyramid=normal:keyint=12"),
        ["open gop"] = folder => Testing.Clips.MakeX264Async(
            folder.File("c.mp4"), "open-gop=1:bframes=3:keyint=10:min-keyint=10"),
        ["open gop hevc"] = folder => Testing.Clips.MakeOpenHevcAsync(folder.File("c.mp4")),
        ["keys side by side"] = folder => Testing.Clips.MakeX264Async(
            folder.File("c.mp4"), "bframes=3:keyint=100", "-force_key_frames", "0.4,0.44,0.48,1.2,1.24"),
        ["edit list"] = async folder => await Testing.Clips.MakeCutAsync(
            folder.File("c.mp4"),
            await Testing.Clips.MakeX264Async(folder.File("whole.mp4"), "bframes=3:keyint=10"),
            "0.53"),
        ["late start"] = async folder => await Testing.Clips.MakeAsync(
            folder.File("c.mp4"),
            "-itsoffset", "1.5",
            "-i", await Testing.Clips.MakeX264Async(folder.File("whole.mp4"), "bframes=3:keyint=10"),
            "-f", "lavfi", "-i", "sine=duration=2", "-map", "0:v", "-map", "1:a", "-c:v", "copy", "-c:a", "aac"),
        ["fragmented"] = folder => Testing.Clips.MakeX264Async(
            folder.File("c.mp4"), "bframes=3:keyint=10", "-movflags", "frag_keyframe+empty_moov"),
        ["fine clock"] = folder => Testing.Clips.MakeX264Async(
            folder.File("c.mp4"), "bframes=3:keyint=10", "-video_track_timescale", "60000000"),
        ["mpeg-4 part 2"] = folder => Testing.Clips.MakeAsync(
            folder.File("c.mp4"), "-f", "lavfi", "-i", "testsrc2=size=160x120:rate=25", "-frames:v", "40",
            "-c:v", "mpeg4", "-bf", "2", "-g", "10"),
    };

    public void Dispose() => _folder.Dispose();

    [Theory]
    [MemberData(nameof(Clips))]
    public async Task ReadAsync_AnyRangeAndStride_GivesTheFramesOfAPlainRun(string clip)
    {
        var path = await Makers[clip](_folder);
        var parts = new VideoParts();
        var index = await parts.Probe.ReadAsync(VideoFile.Open(path), TestContext.Current.CancellationToken);
        var expected = await PlainRunAsync(path, index.Info.Width, index.Info.Height);
        var times = (await PlainTimes.ReadAsync(path)).Milliseconds;
        Assert.Equal(expected.Length, index.FrameCount);
        Assert.Equal(expected.Length, times.Length);

        // Key frames are among the starts: a seek that lands one key frame too late would lose them. With one every ten
        // frames, steps of 7 also start at nearly every distance from it.
        var starts = Enumerable.Range(0, index.FrameCount).Where(frame => frame % 7 == 0).Union(index.KeyFrames);
        foreach (var start in starts)
        {
            var end = Math.Min(start + 4, index.FrameCount);
            var seen = await parts.ReadAsync(path, start, end);
            Assert.Equal(Enumerable.Range(start, end - start), seen.Select(frame => frame.Index));
            Assert.All(seen, frame => Assert.Equal(expected[frame.Index], frame.PixelHash));
            Assert.Equal(seen.Select(frame => times[frame.Index]), seen.Select(frame => frame.TimestampMs));
        }

        // Every tenth frame is a key frame in most clips; a stride of 10 or 20 then decodes key frames only.
        foreach (var stride in (int[])[7, 10, 20])
        {
            var first = Math.Min(1, index.FrameCount - 1);
            var strided = await parts.ReadAsync(path, first, stride: stride);
            Assert.Equal(
                Enumerable.Range(first, index.FrameCount - first).Where(frame => frame % stride == 0),
                strided.Select(frame => frame.Index));
            Assert.All(strided, frame => Assert.Equal(expected[frame.Index], frame.PixelHash));
        }

        Assert.Equal(0, parts.Meter.ToAccounting().Failed);
    }

    private async Task<string[]> PlainRunAsync(string path, int width, int height)
    {
        var raw = await Testing.Clips.MakeAsync(
            _folder.File("plain.rgb"), "-i", path, "-an", "-fps_mode", "passthrough",
            "-vf", FormattableString.Invariant($"scale={width}:{height}:flags=bilinear,format=rgb24"),
            "-f", "rawvideo");
        var bytes = await File.ReadAllBytesAsync(raw);
        return [.. bytes.Chunk(width * height * Frame.BytesPerPixel).Select(frame => SeenFrame.HashOf(frame))];
    }
}
