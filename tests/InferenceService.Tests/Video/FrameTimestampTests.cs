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
