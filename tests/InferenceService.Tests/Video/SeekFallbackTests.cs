using ForegSyte.Testing;

namespace ForegSyte.Inference.Tests.Video;

/// <summary>Videos whose seek points are wrong: every frame comes as in a read from the beginning.</summary>
public sealed class SeekFallbackTests : IDisposable
{
    /// <summary>Frames of a clip of <see cref="Clips.MakeX264Async"/>.</summary>
    private const int Frames = 60;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(20, 40, 1)]
    [InlineData(40, 60, 1)]
    [InlineData(33, 60, 1)]
    [InlineData(39, 60, 1)]
    [InlineData(0, 60, 20)]
    [InlineData(20, 60, 20)]
    [InlineData(15, 60, 7)]
    public async Task ReadAsync_IntraRefresh_EveryFrameIsThatOfAReadFromTheBeginning(int start, int end, int stride)
    {
        var path = await IntraRefreshAsync();
        var expected = await new VideoParts().ReadAsync(path);
        Assert.Equal(Frames, expected.Count);
        var parts = new VideoParts();

        var seen = await parts.ReadAsync(path, start, end, stride);

        Assert.Equal(expected[start..end].Where(frame => frame.Index % stride == 0), seen);
        Assert.Equal((0, 0, ""), Defects(parts));
    }

    [Theory]
    [InlineData("libx264", "-bf", "2")]
    [InlineData("libx265", "-x265-params", "keyint=20:log-level=none")]
    [InlineData("mpeg4", "-bf", "0")]
    [InlineData("libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8")]
    public async Task ReadAsync_SyncTableListsEveryFrame_EveryFrameIsThatOfAReadFromTheBeginning(
        string codec, params string[] options)
    {
        var path = await Clips.MakeAsync(
            _folder.File("a.mp4"),
            [
                "-f", "lavfi", "-i", "testsrc2=size=160x120:rate=25", "-frames:v", "60", "-pix_fmt", "yuv420p",
                "-g", "20", "-c:v", codec, .. options,
            ]);
        Mp4Surgery.RemoveSyncTable(path);
        var expected = await new VideoParts().ReadAsync(path);
        Assert.Equal(Frames, expected.Count);

        foreach (var (start, end, stride) in ((int, int, int)[])[(27, 40, 1), (50, 60, 1), (10, 60, 10)])
        {
            var parts = new VideoParts();
            Assert.Equal(
                expected[start..end].Where(frame => frame.Index % stride == 0),
                await parts.ReadAsync(path, start, end, stride));
            Assert.Equal((0, 0, ""), Defects(parts));
        }
    }

    [Fact]
    public async Task ReadAsync_IntraRefreshInSegments_StartsTwoDecodersForTheWholeJob()
    {
        var path = await IntraRefreshAsync();
        var expected = await new VideoParts().ReadAsync(path);
        var parts = new VideoParts();
        List<SeenFrame> seen = [];

        for (var start = 20; start < Frames; start += 5)
        {
            seen.AddRange(await parts.ReadAsync(path, start, start + 5, jobEnd: Frames));
        }

        Assert.Equal(expected[20..], seen);
        Assert.Equal(2, parts.Decoders.StartCount);
    }

    [Fact]
    public async Task ReadAsync_IntraRefreshBackwards_TriesAFewSeekPointsOnly()
    {
        var path = await Clips.MakeX264Async(_folder.File("a.mp4"), "intra-refresh=1:keyint=5:bframes=0");
        var expected = await new VideoParts().ReadAsync(path);
        var parts = new VideoParts();
        const int segments = 11;

        for (var start = 5 * segments; start > 0; start -= 5)
        {
            Assert.Equal(expected[start..(start + 5)], await parts.ReadAsync(path, start, start + 5));
        }

        Assert.InRange(parts.Decoders.StartCount, segments + 1, segments + 3);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task ReadAsync_KeyFrameIsBroken_GivesTheFramesOfAReadFromTheBeginning(bool isErased)
    {
        var path = await Clips.MakeX264Async(_folder.File("a.mp4"), "keyint=10:min-keyint=10:scenecut=0:bframes=0");
        var good = await new VideoParts().ReadAsync(path);
        await (isErased ? Mp4Surgery.EraseFramesAsync(path, 20) : Mp4Surgery.EraseFrameEndsAsync(path, 20));
        var whole = await new VideoParts().ReadAsync(path);
        var parts = new VideoParts();

        var seen = await parts.ReadAsync(path, 20, 40);

        // After a lost key frame FFmpeg drops the frames whose numbers it has shown already.
        Assert.Equal(whole.Select(frame => frame.Index).Where(index => index is >= 20 and < 40), Indexes(seen));
        Assert.Equal(isErased, seen.Count < 20);
        Assert.Equal(Indexes(seen).Where(index => index < 30), Indexes(seen).Where(parts.Meter.IsDamaged));
        Assert.Equal(good[30..40], seen.Where(frame => frame.Index >= 30));
        Assert.Equal(20 - seen.Count, parts.Meter.ToAccounting().Failed);
    }

    [Fact]
    public async Task ReadAsync_KeyFramesOnlyAndOneIsBroken_GivesTheOthers()
    {
        var path = await Clips.MakeX264Async(_folder.File("a.mp4"), "keyint=10:min-keyint=10:scenecut=0:bframes=0");
        await Mp4Surgery.EraseFramesAsync(path, 20);
        var parts = new VideoParts();

        var seen = await parts.ReadAsync(path, stride: 10);

        Assert.Equal([0, 10, 30, 40, 50], seen.Select(frame => frame.Index));
        var frames = parts.Meter.ToAccounting();
        Assert.Equal((5, 1, 0), (frames.Analyzed, frames.Failed, frames.Damaged));
    }

    [Theory]
    [InlineData("bframes=3:keyint=10:min-keyint=10")]
    [InlineData("open-gop=1:bframes=3:keyint=10:min-keyint=10")]
    public async Task ReadAsync_GoodVideo_StartsOneDecoderASegment(string options)
    {
        var path = await Clips.MakeX264Async(_folder.File("a.mp4"), options);
        var expected = await new VideoParts().ReadAsync(path);
        var parts = new VideoParts();

        for (var start = 0; start < Frames; start += 12)
        {
            Assert.Equal(expected[start..(start + 12)], await parts.ReadAsync(path, start, start + 12));
            Assert.Equal((0, 0, ""), Defects(parts));
        }

        Assert.Equal(Frames / 12, parts.Decoders.StartCount);
    }

    private static IEnumerable<int> Indexes(IEnumerable<SeenFrame> frames) => frames.Select(frame => frame.Index);

    private static (int Failed, int Damaged, string Output) Defects(VideoParts parts)
    {
        var frames = parts.Meter.ToAccounting();
        return (frames.Failed, frames.Damaged, parts.Meter.DecoderOutput);
    }

    private Task<string> IntraRefreshAsync() =>
        Clips.MakeX264Async(_folder.File("a.mp4"), "intra-refresh=1:keyint=20:bframes=0");
}
