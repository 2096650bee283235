using System.Globalization;
using System.Numerics;
using CliWrap;
using CliWrap.Buffered;
using ForegSyte.Hosting.Errors;
using ForegSyte.Inference.Video;
using ForegSyte.Testing;
using ForegSyte.V1;

namespace ForegSyte.Inference.Tests.Video;

/// <summary>
/// frame_timestamp_ms is rounded up, so that a player that seeks to it shows the frame and not the one before.
/// </summary>
public sealed class FrameTimestampTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public static TheoryData<string> Clips => [.. FrameIdentityTests.Clips.Select(clip => clip.Data), "pedestrians"];

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("15", "0", 0, 67, 134, 200, 267, 334, 400)]
    [InlineData("30000/1001", "0", 0, 34, 67, 101, 134, 167, 201)]
    [InlineData("24000/1001", "0", 0, 42, 84, 126, 167, 209, 251)]
    [InlineData("1000", "0", 0, 1, 2, 3, 4, 5, 6)]
    [InlineData("15", "1.5", 0, 67, 134, 200, 267, 334, 400)]
    [InlineData("30000/1001", "0.7", 0, 34, 67, 101, 134, 167, 201)]
    public async Task TimestampMs_FrameRate_IsRoundedUpFromFrameZero(string rate, string start, params int[] expected)
    {
        var path = await Testing.Clips.MakeAsync(
            _folder.File("c.mp4"), "-f", "lavfi", "-i", $"testsrc2=size=64x48:rate={rate}", "-frames:v", "7",
            "-c:v", "libx264", "-bf", "2", "-pix_fmt", "yuv420p", "-output_ts_offset", start);
        var parts = new VideoParts();

        var seen = await parts.ReadAsync(path);

        Assert.Equal(expected, seen.Select(frame => (int)frame.TimestampMs));
        if (start != "0")
        {
            var index = await parts.Probe.ReadAsync(path, TestContext.Current.CancellationToken);
            Assert.True(index.TicksOf(0) > 0, "The first frame is not shown later than the start of the file.");
        }
    }

    /// <summary>The oracle is ffprobe's decoded frames, which share no code with the index.</summary>
    [Theory]
    [MemberData(nameof(Clips))]
    public async Task TimestampMs_SeekToIt_ShowsThatFrame(string clip)
    {
        var path = clip == "pedestrians"
            ? RepositoryFiles.Pedestrians
            : await FrameIdentityTests.MakeAsync(clip, _folder);
        var times = await PlainTimes.ReadAsync(path);

        var index = await new VideoParts().Probe.ReadAsync(path, TestContext.Current.CancellationToken);

        var timestamps = Enumerable.Range(0, index.FrameCount).Select(index.TimestampMs).ToArray();
        Assert.Equal(times.Milliseconds, timestamps);
        Assert.Equal(Enumerable.Range(0, index.FrameCount), timestamps.Select(times.FrameAt));
    }

    [Theory]
    [InlineData(1, 1000, 100, 100)]
    [InlineData(1, 15, 1, 67)]
    [InlineData(1, 15, 3, 200)]
    [InlineData(1001, 30000, 3, 101)]
    [InlineData(1001, 30000, 30, 1001)]
    [InlineData(1, 90000, 9000, 100)]
    [InlineData(1, 90000, 9001, 101)]
    [InlineData(1, 2147483647, 1, 1)]
    [InlineData(1, 2147483647, 2147483647L * 4_000_000, 4_000_000_000)]
    [InlineData(1, 2147483647, (2147483647L * 4_000_000) + 1, 4_000_000_001)]
    [InlineData(1, 3, 3L << 53, 9_007_199_254_740_992_000)]
    [InlineData(1, 1000, 0, 0)]
    public void ToMillisecondsCeiling_AnyTicks_IsExact(int numerator, int denominator, long ticks, long expected) =>
        Assert.Equal(expected, (long)new TimeBase(numerator, denominator).ToMillisecondsCeiling(ticks));

    [Theory]
    [InlineData(54_975_581_376, 4_294_967_295)]
    [InlineData(54_975_581_375, 4_294_967_295)]
    [InlineData(27_648_000_000, 2_160_000_000)]
    public void ToIndex_VideoOfWeeks_HasItsTimestamps(long lastTicks, uint expected)
    {
        var index = Listing(lastTicks).ToIndex(sizeBytes: 1, new VideoOptions());

        Assert.Equal(expected, index.TimestampMs(1));
        Assert.Equal(lastTicks / 12_800, index.Info.Duration.Seconds);
    }

    [Fact]
    public void ToIndex_TimestampAboveTheLimit_IsRefused()
    {
        var failure = Assert.Throws<ServiceException>(
            () => Listing(54_975_581_377).ToIndex(sizeBytes: 1, new VideoOptions()));

        Assert.Equal(ErrorReason.VideoLimitExceeded, failure.Reason);
        Assert.Contains("4294967295 ms", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ToIndex_DurationThatIsNoWholeNanosecond_IsRoundedDown()
    {
        var table = new PacketTable(maxPackets: 10);
        table.Add("packet|pts=0|dts=0|duration=2|flags=K_");
        table.Add("stream|codec_name=h264|width=64|height=48|time_base=1/3|avg_frame_rate=3/2");

        var duration = table.ToIndex(sizeBytes: 1, new VideoOptions()).Info.Duration;

        Assert.Equal((0L, 666_666_666), (duration.Seconds, duration.Nanos));
    }

    private static PacketTable Listing(long lastTicks)
    {
        var table = new PacketTable(maxPackets: 10);
        table.Add("packet|pts=0|dts=0|flags=K_");
        table.Add(FormattableString.Invariant($"packet|pts={lastTicks}|dts={lastTicks}|flags=__"));
        table.Add("stream|codec_name=h264|width=64|height=48|time_base=1/12800|avg_frame_rate=25/1");
        return table;
    }
}

/// <summary>Presentation times of the frames that ffprobe decodes, in ticks.</summary>
/// <param name="Ticks">Timestamps, ascending.</param>
/// <param name="Numerator">Numerator of the time base in seconds.</param>
/// <param name="Denominator">Denominator of the time base.</param>
internal sealed record PlainTimes(IReadOnlyList<BigInteger> Ticks, BigInteger Numerator, BigInteger Denominator)
{
    /// <summary>Milliseconds after the first frame: the smallest whole number that is not earlier.</summary>
    public uint[] Milliseconds =>
    [
        .. Ticks.Select(ticks => (ticks - Ticks[0]) * Numerator * 1000)
            .Select(time => (uint)(time / Denominator) + (time % Denominator == 0 ? 0u : 1u)),
    ];

    /// <summary>The frame that a player shows at a position: the last one that is not later.</summary>
    public int FrameAt(uint milliseconds) => Enumerable.Range(0, Ticks.Count)
        .Last(frame => (Ticks[frame] - Ticks[0]) * Numerator * 1000 <= milliseconds * Denominator);

    /// <summary>Decodes a video with ffprobe.</summary>
    public static async Task<PlainTimes> ReadAsync(string path)
    {
        var listed = await Cli.Wrap("ffprobe")
            .WithArguments(
            [
                "-v", "error", "-select_streams", "v:0", "-show_entries", "frame=pts:stream=time_base", "-of",
                "default=nokey=1:noprint_wrappers=1", path,
            ])
            .ExecuteBufferedAsync(TestContext.Current.CancellationToken);
        var lines = listed.StandardOutput.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        var timeBase = lines.Single(line => line.Contains('/', StringComparison.Ordinal)).Split('/');
        return new PlainTimes(
            [.. lines.Where(line => !line.Contains('/', StringComparison.Ordinal)).Select(Number)],
            Number(timeBase[0]),
            Number(timeBase[1]));
    }

    private static BigInteger Number(string text) => BigInteger.Parse(text, CultureInfo.InvariantCulture);
}
