using System.Globalization;
using ForegSyte.Inference.Memory;
using ForegSyte.Inference.Video;
using ForegSyte.Testing;
using ForegSyte.V1;
using ForegSyte.Video;

namespace ForegSyte.Inference.Tests.Video;

/// <summary>Frames that the decoder repaired or made from missing references are told apart from good ones.</summary>
public sealed class DamagedFrameTests : IDisposable
{
    private const string NoReordering = "keyint=20:min-keyint=20:scenecut=0:bframes=0";

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(0, 60)]
    [InlineData(22, 40)]
    [InlineData(30, 50)]
    public async Task ReadAsync_PacketLost_FramesUpToTheNextKeyFrameAreDamaged(int start, int end)
    {
        var path = await Clips.MakeX264Async(_folder.File("a.mp4"), NoReordering);
        await Mp4Surgery.EraseFramesAsync(path, 25);
        var parts = new VideoParts();

        var seen = await parts.ReadAsync(path, start, end);

        var indexes = Enumerable.Range(start, end - start).Where(index => index != 25).ToArray();
        var damaged = indexes.Where(index => index is > 25 and < 40).ToArray();
        Assert.Equal(indexes, seen.Select(frame => frame.Index));
        Assert.Equal(damaged, seen.Select(frame => frame.Index).Where(parts.Meter.IsDamaged));
        Assert.Equal(damaged.Length, parts.Meter.ToAccounting().Damaged);
        Assert.Contains("Error splitting the input into NAL", parts.Meter.DecoderOutput, StringComparison.Ordinal);
        Assert.DoesNotContain(path, parts.Meter.DecoderOutput, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ReadAsync_SegmentsOfOneDecoder_EachKnowsItsDamage()
    {
        var path = await Clips.MakeX264Async(_folder.File("a.mp4"), NoReordering);
        await Mp4Surgery.EraseFramesAsync(path, 25);
        var parts = new VideoParts();
        List<int> damaged = [];

        for (var start = 0; start < 60; start += 5)
        {
            var seen = await parts.ReadAsync(path, start, start + 5, jobEnd: 60);
            damaged.AddRange(seen.Select(frame => frame.Index).Where(parts.Meter.IsDamaged));
        }

        Assert.Equal(Enumerable.Range(26, 14), damaged);
        Assert.Equal(1, parts.Decoders.StartCount);
    }

    [Fact]
    public async Task ReadAsync_DataOfAPacketDamaged_ItsFrameAndItsFollowersAreDamagedAndDifferInPixels()
    {
        var path = await Clips.MakeX264Async(_folder.File("a.mp4"), NoReordering);
        var good = await new VideoParts().ReadAsync(path);
        await Mp4Surgery.EraseFrameEndsAsync(path, 27);
        var parts = new VideoParts();

        var seen = await parts.ReadAsync(path);

        Assert.Equal(60, seen.Count);
        Assert.Equal(Enumerable.Range(27, 13), Enumerable.Range(0, 60).Where(parts.Meter.IsDamaged));
        Assert.Equal(Enumerable.Range(27, 13), Enumerable.Range(0, 60).Where(index => seen[index] != good[index]));
    }

    [Fact]
    public async Task ReadAsync_BFrameDamaged_TheNextPFrameAndItsFollowersAreGood()
    {
        var path = await Clips.MakeX264Async(
            _folder.File("a.mp4"), "keyint=60:scenecut=0:bframes=2:b-adapt=0:b-pyramid=none");
        var good = await new VideoParts().ReadAsync(path);

        // In the file: I0 P3 B1 B2 P6 B4 B5 ...; packet 20 is B19.
        await Mp4Surgery.EraseFrameEndsAsync(path, 20);
        var parts = new VideoParts();

        var seen = await parts.ReadAsync(path);

        var differing = Enumerable.Range(0, 60).Where(index => seen[index] != good[index]).ToArray();
        Assert.Equal([19], differing);
        Assert.Equal([19, 20], Enumerable.Range(0, 60).Where(parts.Meter.IsDamaged));
    }

    [Fact]
    public async Task ReadAsync_FramesAreIndependent_OnlyTheDamagedOneIsLost()
    {
        var path = await Clips.MakeIndependentFramesAsync(_folder.File("a.mp4"), frames: 10);
        await Mp4Surgery.EraseFramesAsync(path, 4);
        var parts = new VideoParts();

        await parts.ReadAsync(path);

        var frames = parts.Meter.ToAccounting();
        Assert.Equal((9, 1, 0), (frames.Analyzed, frames.Failed, frames.Damaged));
    }

    [Fact]
    public async Task ReadAsync_IntraRefreshDamaged_IsGoodAgainAfterAWholeCycle()
    {
        var path = await Clips.MakeX264Async(_folder.File("a.mp4"), "intra-refresh=1:keyint=10:bframes=0");
        var good = await new VideoParts().ReadAsync(path);
        await Mp4Surgery.EraseFramesAsync(path, 13);
        var parts = new VideoParts();

        var seen = await parts.ReadAsync(path);

        Assert.Equal(
            good.Where(frame => frame.Index is < 13 or >= 30),
            seen.Where(frame => !parts.Meter.IsDamaged(frame.Index)));
    }

    [Theory]
    [InlineData("libx264", "-bf", "3")]
    [InlineData("libx264", "-bf", "3", "-x264-params", "open-gop=1")]
    [InlineData("libx264", "-x264-params", "intra-refresh=1:bframes=0")]
    [InlineData("libx265", "-x265-params", "open-gop=1:bframes=3:log-level=none")]
    [InlineData("mpeg4", "-bf", "2")]
    [InlineData("libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8")]
    [InlineData("libsvtav1", "-preset", "12")]
    [InlineData("mjpeg", "-q", "5")]
    public async Task ReadAsync_GoodVideo_HasNoDamageInAnyRange(string codec, params string[] options)
    {
        var path = await Clips.MakeAsync(
            _folder.File("a.mp4"),
            [
                "-f", "lavfi", "-i", "testsrc2=size=160x120:rate=25", "-frames:v", "60", "-pix_fmt", "yuv420p",
                "-g", "20", "-c:v", codec, .. options,
            ]);
        var expected = await new VideoParts().ReadAsync(path);
        Assert.Equal(60, expected.Count);

        foreach (var start in (int[])[0, 20, 31, 45])
        {
            var parts = new VideoParts();
            Assert.Equal(expected[start..(start + 15)], await parts.ReadAsync(path, start, start + 15));
            var frames = parts.Meter.ToAccounting();
            Assert.Equal((0, 0, ""), (frames.Failed, frames.Damaged, parts.Meter.DecoderOutput));
        }
    }

    [Fact]
    public void ToReport_LogOfAnOpenGroup_FramesBeforeTheKeyFrameShareTheDamageBeforeIt()
    {
        // Decode order: 0 (I), 2 (P, broken), 1 (B), 5 (I), 3 (B), 4 (B), 6 (P).
        var log = new DamageLog(Index(7), start: null, lastFrame: 6);
        Feed(log, Packet(0), Packet(2), "[h264 @ 0x1] [error] error while decoding MB 1 1", Packet(1));
        Feed(log, Frame(0, key: true), Packet(5), Frame(1), Packet(3), Frame(2), Packet(4), Frame(3), Frame(4));
        Feed(log, Packet(6), Frame(5, key: true), Frame(6));

        var report = log.ToReport();

        Assert.Equal([1, 2, 3, 4], Enumerable.Range(0, 7).Where(report.IsDamaged));
        Assert.True(report.StartsIntact, "The first frame decodes independently.");
    }

    [Fact]
    public void ToReport_StartWithoutAKeyFrame_IsNotIntact()
    {
        var log = new DamageLog(Index(4), new SeekPoint(1, IsHidden: false), lastFrame: 3);
        Feed(log, Packet(1), "[hevc @ 0x1] [error] Could not find ref with POC 18", Frame(1), Packet(2), Frame(2));

        Assert.False(log.ToReport().StartsIntact, "The first frame lacks a reference.");
    }

    [Fact]
    public void ToReport_ComplaintsBeforeTheStart_CountForNothing()
    {
        // An open group: frame 1 is shown before the key frame at which decoding starts.
        var log = new DamageLog(Index(4), new SeekPoint(2, IsHidden: false), lastFrame: 3);
        Feed(log, "[h264 @ 0x1] [error] while the file is opened", Packet(2), Packet(1));
        Feed(log, "[h264 @ 0x1] [error] reference picture missing during reorder", Frame(1), Frame(2, key: true));
        Feed(log, Packet(3), Frame(3));

        var report = log.ToReport();

        Assert.True(report.StartsIntact, "The key frame decodes independently.");
        Assert.DoesNotContain(true, Enumerable.Range(0, 4).Select(report.IsDamaged));
    }

    [Theory]
    [InlineData("[h264 @ 0x55] [error] Invalid NAL unit size (-1 > 630).", true)]
    [InlineData("[h264 @ 0x55] [info] concealing 68 DC, 68 AC, 68 MV errors in I frame", true)]
    [InlineData("[warning] file:/a.mp4: corrupt decoded frame in stream 0", true)]
    [InlineData("[error] Error while decoding stream #0:0: Invalid data found when processing input", true)]
    [InlineData("[hevc @ 0x5] [debug] Verifying checksum for frame with POC 4: mismatching checksum of plane 0 ", true)]
    [InlineData("[mpeg4 @ 0x56] [error] warning: first frame is no keyframe", true)]
    [InlineData("[mpeg4 @ 0x56] [error] Context scratch buffers could not be allocated due to unknown size.", false)]
    [InlineData("[h264 @ 0x55] [error] SEI type 5 size 1024 truncated at 12", false)]
    [InlineData("[h264 @ 0x55] [error] mmco: unref short failure", false)]
    [InlineData("[NULL @ 0x55] [error] missing picture in access unit with size 634", false)]
    [InlineData("[swscaler @ 0x55] [warning] deprecated pixel format used", false)]
    [InlineData("[info]     title           : [error] concealing", false)]
    public void Is_LineOfTheLog_TellsOfDamage(string line, bool expected) =>
        Assert.Equal(expected, DecoderComplaint.Is(line));

    /// <summary>FFmpeg's threads share its log: one line can have a frame and the message of a decoder.</summary>
    [Theory]
    [InlineData("[hevc @ 0x5] [error] mismatching checksum of plane 0 - {0}", "", true)]
    [InlineData("{0} error while decoding MB 3 4, bytestream -5", "", true)]
    [InlineData("{0}", "[Parsed_showinfo_0 @ 0x1] [info] color_range:tv concealing 9 DC errors in P frame", true)]
    [InlineData("[h264 @ 0x5] [warning] Late SEI{0}", "", false)]
    [InlineData("{0} SEI type 5 size 1024 truncated at 12", "", false)]
    [InlineData("{0}", "[Parsed_showinfo_0 @ 0x1] [info] color_range:tv color_space:unknown", false)]
    public async Task ReadAsync_ComplaintInTheLineOfAFrame_Counts(string line, string next, bool isComplaint)
    {
        var showInfo = "[Parsed_showinfo_0 @ 0x1] [info] n:   0 pts:      0 pts_time:0 pos:     48 fmt:rgb24";
        var lines = line.Replace("{0}", line[0] == '{' ? showInfo : showInfo[33..], StringComparison.Ordinal);
        var program = FakeProgram.Make(_folder, $"echo '{lines}' >&2\necho '{next}' >&2\nprintf abcdef");
        await using var reader = new FfmpegFrameReader(
            new ChildCommand("ffmpeg", [program]), Index(1), threads: 1);

        using var buffers = new PixelBuffers();
        using var frame = await reader.ReadAsync(
            new FrameSize(2, 1), buffers, TestContext.Current.CancellationToken);
        await reader.WaitForExitAsync();

        Assert.Equal(0, frame?.Index);
        Assert.Equal(isComplaint, reader.HasComplained);
    }

    /// <summary>Without hashes nothing tells: FFmpeg decodes such data without a word.</summary>
    [Fact]
    public async Task ReadAsync_HevcWithHashes_WrongPicturesAreDamaged()
    {
        var path = await Clips.MakeAsync(
            _folder.File("a.mp4"), "-f", "lavfi", "-i", "testsrc2=size=320x176:rate=25", "-frames:v", "30",
            "-c:v", "libx265", "-preset", "ultrafast", "-pix_fmt", "yuv420p",
            "-x265-params", "keyint=10:min-keyint=10:bframes=0:hash=1:log-level=none");
        var good = await new VideoParts().ReadAsync(path);
        await Mp4Surgery.FlipBytesAsync(path, 13);
        var parts = new VideoParts();

        var seen = await parts.ReadAsync(path);

        var wrong = seen.Where(frame => frame != good[frame.Index]).Select(frame => frame.Index).ToArray();
        Assert.NotEmpty(wrong);
        Assert.Equal(wrong, seen.Select(frame => frame.Index).Where(parts.Meter.IsDamaged));
    }

    /// <summary>FFmpeg tells by silence that it has not decoded all blocks of a picture of HEVC.</summary>
    [Theory]
    [InlineData("D0 O0 D1 O1 D2 O2", 0)]
    [InlineData("O0 O1 D0 D1 O2 D2", 0)]
    [InlineData("D0 O0 O1 D2 O2", 1)]
    [InlineData("D0 O0 O1 O2 O3", 3)]
    [InlineData("D0 O0 D1 O1 O0 D1 O1", 1)]
    [InlineData("O0 O1 O2", 0)]
    public void Take_Pictures_CountsThoseThatAreOutputWithoutBeingDecoded(string log, int expected)
    {
        var pictures = new HevcPictures(lag: 2);

        var found = log.Split(' ').Sum(word => pictures.Take(Picture(word))) + pictures.End();

        Assert.Equal(expected, found);
    }

    [Fact]
    public void IsNextIncomplete_OfPictures_IsThatOfTheFrame()
    {
        var pictures = new HevcPictures(lag: int.MaxValue);
        foreach (var word in "D0 D3 O0 O1 D2 O2".Split(' '))
        {
            Assert.Equal(0, pictures.Take(Picture(word)));
        }

        Assert.Equal([false, true, false, false], Enumerable.Range(0, 4).Select(_ => pictures.IsNextIncomplete()));
    }

    private static string Picture(string word) =>
        $"[hevc @ 0x5] [debug] {(word[0] == 'D' ? "Decoded" : "Output")} frame with POC {word[1..]}.";

    private static VideoIndex Index(int frames) => new(
        new VideoInfo(), new TimeBase(1, 25), [.. Enumerable.Range(0, frames).Select(frame => (long)frame)], []);

    private static void Feed(DamageLog log, params string[] lines)
    {
        foreach (var line in lines)
        {
            Assert.True(log.Take(line.AsMemory()), "The scan continues.");
        }
    }

    private static string Packet(int ticks) => string.Create(
        CultureInfo.InvariantCulture,
        $"[info] demuxer+ffmpeg -> ist_index:0 type:video pkt_pts:{ticks} pkt_pts_time:0 pkt_dts:0 off:0");

    private static string Frame(int ticks, bool key = false) => string.Create(
        CultureInfo.InvariantCulture,
        $"[info] decoder -> ist_index:0 type:video frame_pts:{ticks} best_effort_ts:{ticks} best_effort_ts_time:0 "
        + $"keyframe:{(key ? 1 : 0)} frame_type:{(key ? 1 : 2)} time_base:1/25");
}
