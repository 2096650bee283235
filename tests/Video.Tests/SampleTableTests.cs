using ForegSyte.Testing;

namespace ForegSyte.Video.Tests;

/// <summary>The sample tables agree with the packets that ffprobe lists.</summary>
public sealed class SampleTableTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Read_VideoWithSound_HasThePositionsOfTheIndex()
    {
        var path = await Clips.MakeAsync(
            _folder.File("sound.mp4"),
            "-f", "lavfi", "-i", "testsrc2=size=160x120:rate=25", "-f", "lavfi", "-i", "sine", "-frames:v", "100",
            "-shortest", "-c:v", "libx264", "-bf", "2", "-pix_fmt", "yuv420p", "-c:a", "aac");
        var index = await PlainFfprobe.IndexAsync(path);
        await using var file = File.OpenRead(path);
        var tables = SampleTable.Read(file, 1000, Cancel);
        Assert.NotNull(tables);
        var video = Assert.Single(tables, table => table.IsVideo);
        Assert.Equal(index.Info.TrackId, video.TrackId);
        Assert.Equal(
            Enumerable.Range(0, 100).Select(frame => index.PositionOf(frame)!.Value).Order(), video.Offsets.Order());
        Assert.All(video.Offsets.Index(), entry => Assert.Equal(entry.Index, video.SampleAt(entry.Item)));
        Assert.Null(video.SampleAt(video.Offsets[5] + 1));
        Assert.InRange(Assert.Single(tables, table => !table.IsVideo).Count, 50, 400);
    }

    [Theory]
    [InlineData("-movflags", "frag_keyframe+empty_moov")]
    [InlineData("-c:v", "mpeg4")]
    public async Task Read_FragmentsAndOtherCodecs_AreNone(string option, string value)
    {
        var path = await Clips.MakeAsync(
            _folder.File("other.mp4"),
            "-f", "lavfi", "-i", "testsrc2=size=160x120:rate=25", "-frames:v", "30", "-pix_fmt", "yuv420p", option,
            value);
        await using var file = File.OpenRead(path);
        Assert.Null(SampleTable.Read(file, 1000, Cancel));
    }

    [Fact]
    public async Task Read_MoreFramesThanTheMaximum_IsNone()
    {
        await using var file = File.OpenRead(await Clips.MakeTestPictureAsync(_folder.File("a.mp4"), frames: 30));
        Assert.Null(SampleTable.Read(file, 29, Cancel));
        Assert.NotNull(SampleTable.Read(file, 30, Cancel));
    }

    [Fact]
    public async Task Read_CutOrChangedFile_EndsWithoutAnError()
    {
        var whole = await File.ReadAllBytesAsync(
            await Clips.MakeTestPictureAsync(_folder.File("a.mp4"), 32, 32, frames: 3), Cancel);
        var random = new Random(1);
        for (var round = 0; round < 2000; round++)
        {
            var changed = whole[..random.Next(whole.Length + 1)];
            for (var change = 0; change < 3 && changed.Length > 0; change++)
            {
                changed[random.Next(changed.Length)] = (byte)random.Next(256);
            }

            foreach (var table in SampleTable.Read(new MemoryStream(changed), 1000, Cancel) ?? [])
            {
                Assert.All(
                    table.Offsets.Zip(table.Sizes),
                    sample => Assert.InRange(sample.First + sample.Second, 0, changed.Length));
            }
        }
    }

    [Fact]
    public void ToDecode_Frames_AreFromTheStartToTheReadAhead()
    {
        var table = new SampleTable(1, true, [.. Enumerable.Range(0, 300).Select(sample => 100L * sample)],
            [.. Enumerable.Repeat(100, 300)]);
        var ranges = NeededBytes.ToDecode(table, 1000, [1200, 1100])!;
        Assert.Equal((1000, 7700), (ranges[0].Start, ranges[^1].End));
        var all = NeededBytes.ToDecode(table, null, [29_900])!;
        Assert.Equal((0, 30_000), (all[0].Start, all[^1].End));
        Assert.Null(NeededBytes.ToDecode(table, 1001, [1200]));
        Assert.Null(NeededBytes.ToDecode(table, 1000, [null]));
        Assert.Equal(64, NeededBytes.ToOpen([table]).Count());
    }
}
