using System.Globalization;
using System.Numerics;
using CliWrap;
using CliWrap.Buffered;
using ForegSyte.Inference.Video;
using ForegSyte.Testing;

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
            var index = await parts.Probe.ReadAsync(VideoFile.Open(path), TestContext.Current.CancellationToken);
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

        var index = await new VideoParts().Probe.ReadAsync(VideoFile.Open(path), TestContext.Current.CancellationToken);

        var timestamps = Enumerable.Range(0, index.FrameCount).Select(index.TimestampMs).ToArray();
        Assert.Equal(times.Milliseconds, timestamps);
        Assert.Equal(Enumerable.Range(0, index.FrameCount), timestamps.Select(times.FrameAt));
    }
}

/// <summary>
/// Presentation times of the frames that ffprobe decodes, in millionths of a tick after the start of the playback.
/// </summary>
/// <param name="Times">Times, ascending.</param>
/// <param name="Numerator">Numerator of the time base in seconds.</param>
/// <param name="Denominator">Denominator of the time base.</param>
internal sealed record PlainTimes(IReadOnlyList<BigInteger> Times, BigInteger Numerator, BigInteger Denominator)
{
    private const int Million = 1_000_000;

    /// <summary>Milliseconds after the start of the playback: the smallest whole number that is not earlier.</summary>
    public uint[] Milliseconds =>
    [
        .. Times.Select(time => BigInteger.DivRem(time * Numerator, Denominator * 1000, out var rest) is var whole
            && rest > 0
                ? (uint)whole + 1
                : (uint)whole),
    ];

    /// <summary>The frame that a player shows at a position: the last one that is not later.</summary>
    public int FrameAt(uint milliseconds) => Enumerable.Range(0, Times.Count)
        .Last(frame => Times[frame] * Numerator <= milliseconds * Denominator * 1000);

    /// <summary>Decodes a video with ffprobe.</summary>
    public static async Task<PlainTimes> ReadAsync(string path)
    {
        var timeBase = (await ProbeAsync(path, "stream=time_base")).Single().Split('/').Select(Number).ToArray();
        var ticks = (await ProbeAsync(path, "frame=pts")).Select(Number).ToList();
        var seconds = (await ProbeAsync(path, "format=start_time")).Single();
        var microseconds = (BigInteger)(decimal.Parse(seconds, CultureInfo.InvariantCulture) * Million);
        var start = microseconds * timeBase[1] / timeBase[0];

        // ffprobe rounds the start to microseconds.
        var first = ticks[0] * Million;
        start = BigInteger.Abs(first - start) * timeBase[0] <= timeBase[1] ? first : start;
        return new PlainTimes([.. ticks.Select(each => (each * Million) - start)], timeBase[0], timeBase[1]);
    }

    private static async Task<string[]> ProbeAsync(string path, string entries)
    {
        var listed = await Cli.Wrap("ffprobe")
            .WithArguments(
            [
                "-v", "error", "-select_streams", "v:0", "-show_entries", entries, "-of",
                "default=nokey=1:noprint_wrappers=1", path,
            ])
            .ExecuteBufferedAsync(TestContext.Current.CancellationToken);
        return listed.StandardOutput.Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }

    private static BigInteger Number(string text) => BigInteger.Parse(text, CultureInfo.InvariantCulture);
}
