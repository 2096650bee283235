using System.Globalization;
using ForegSyte.Inference.Video;
using ForegSyte.Testing;
using ForegSyte.Video;

namespace ForegSyte.Inference.Tests.Video;

/// <summary>
/// Every frame of these clips shows its number as a bar code, and the numbers give the presentation times. So the
/// expected frames and times come from how the clip was made, not from the index.
/// </summary>
public sealed class NumberedFrameTests : IDisposable
{
    private const int Bits = 13;
    private const int BarWidth = 16;

    /// <summary>Selects frames 0, 1, 5, 8, 10, 15, 20, 22, ... of 30 a second, with uneven gaps.</summary>
    private const string UnevenSelection = "not(mod(n,5))+eq(mod(n,7),1)";

    private readonly TemporaryFolder _folder = new();

    private static readonly int[] UnevenNumbers =
        [.. Enumerable.Range(0, 200).Where(number => number % 5 == 0 || number % 7 == 1).Take(60)];

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("90000", "0")]
    [InlineData("600", "0")]
    [InlineData("60000000", "0")]
    [InlineData("90000", "1.5")]
    public async Task ReadAsync_UnevenTimes_EveryRangeAndStrideHasItsFramesAndTimes(string timeScale, string start)
    {
        var path = await UnevenClipAsync(timeScale, start);
        var parts = new VideoParts();

        for (var first = 0; first < UnevenNumbers.Length; first += 11)
        {
            foreach (var (length, stride) in ((int, int)[])[(1, 1), (5, 1), (20, 3), (60, 9)])
            {
                var end = Math.Min(first + length, UnevenNumbers.Length);
                Assert.Equal(Expected(first, end, stride), await ReadAsync(parts, path, first, end, stride));
            }
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public async Task ReadAsync_SegmentsOfOneDecoder_HaveTheirFramesAndTimes(int stride)
    {
        var path = await UnevenClipAsync("90000", "0");
        var parts = new VideoParts();
        int[] cuts = [0, 11, 12, 30, 47, 60];

        for (var i = 1; i < cuts.Length; i++)
        {
            Assert.Equal(
                Expected(cuts[i - 1], cuts[i], stride),
                await ReadAsync(parts, path, cuts[i - 1], cuts[i], stride, jobEnd: 60));
        }

        Assert.Empty(ChildProcesses.UsingFile(path));
    }

    [Theory]
    [InlineData(FrameSelection.MaxNamedFrames * 2)]
    [InlineData((FrameSelection.MaxNamedFrames * 2) + 10)]
    public async Task ReadAsync_AsManyFramesAsAnExpressionNamesAndMore_AreEverySecondOne(int frames)
    {
        var path = await ClipAsync("long.mp4", frames, rate: 25, "-g", "250", "-video_track_timescale", "90000000");

        var seen = await ReadAsync(new VideoParts(), path, 0, 0, stride: 2);

        Assert.Equal(
            Enumerable.Range(0, frames / 2).Select(frame => (frame * 2, frame * 2, (uint)frame * 80)), seen);
    }

    private static IEnumerable<(int Index, int Number, uint TimestampMs)> Expected(int start, int end, int stride) =>
        Enumerable.Range(start, end - start).Where(index => index % stride == 0).Select(index => (
            index,
            UnevenNumbers[index],
            (uint)((UnevenNumbers[index] * 100) + 2) / 3));

    private static async Task<List<(int Index, int Number, uint TimestampMs)>> ReadAsync(
        VideoParts parts, string path, int start, int end, int stride, int jobEnd = 0)
    {
        List<(int, int, uint)> seen = [];
        await parts.ReadAsync(
            path, start, end, stride, jobEnd: jobEnd,
            onFrame: frame => seen.Add((frame.Index, NumberOf(frame), frame.TimestampMs)));
        return seen;
    }

    /// <summary>Reads the bar code: the bar of bit n is white if the bit is set.</summary>
    private static int NumberOf(Frame frame) => Enumerable.Range(0, Bits).Sum(bit =>
    {
        var middle = (((frame.Height / 2) * frame.Width) + (bit * BarWidth) + (BarWidth / 2)) * Frame.BytesPerPixel;
        return frame.Pixels.Span[middle] > 127 ? 1 << bit : 0;
    });

    private Task<string> UnevenClipAsync(string timeScale, string start) => ClipAsync(
        "uneven.mp4", UnevenNumbers.Length, rate: 30, "-vf", $"select='{UnevenSelection}'", "-fps_mode", "vfr",
        "-bf", "2", "-g", "9", "-video_track_timescale", timeScale, "-output_ts_offset", start);

    private Task<string> ClipAsync(string name, int frames, int rate, params string[] options) => Clips.MakeAsync(
        _folder.File(name),
        [
            "-f", "lavfi", "-i",
            $"color=black:size={Bits * BarWidth}x16:rate={rate.ToString(CultureInfo.InvariantCulture)},format=gray,"
                + $"geq=lum='255*mod(floor(N/pow(2,floor(X/{BarWidth}))),2)'",
            "-frames:v", frames.ToString(CultureInfo.InvariantCulture), "-c:v", "libx264", "-preset", "ultrafast",
            "-pix_fmt", "yuv420p", .. options,
        ]);
}
