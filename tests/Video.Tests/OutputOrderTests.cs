using CliWrap;
using CliWrap.Buffered;
using ForegSyte.Testing;
using ForegSyte.V1;

namespace ForegSyte.Video.Tests;

/// <summary>
/// Frames whose timestamps do not tell their order. The oracle is the order in which FFmpeg shows the packets.
/// </summary>
public sealed class OutputOrderTests : IDisposable
{
    private const int Frames = 60;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("libx264", 3)]
    [InlineData("libx264", 0)]
    [InlineData("mpeg4", 2)]
    public async Task Read_EveryFifthFrameLastsZero_HasAllFramesInTheOrderOfPlayers(string encoder, int bFrames)
    {
        var path = await ClipAsync(encoder, bFrames);
        FileEdits.SetDurations(path, [.. Enumerable.Range(0, Frames).Select(sample => sample % 5 == 4 ? 0 : 512)]);

        await AssertOrderAsync(path);
    }

    [Fact]
    public async Task Read_BFramesWithoutCompositionTimes_AreInTheOrderOfPlayers()
    {
        var path = await ClipAsync("libx264", 3);
        FileEdits.Remove(path, "ctts");
        FileEdits.Remove(path, "edts");

        await AssertOrderAsync(path);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    public async Task Read_GoodTimestamps_DecodeNoFrame(int bFrames)
    {
        var ffprobe = new PlainFfprobe();

        var index = await PlainFfprobe.IndexAsync(await ClipAsync("libx264", bFrames), ffprobe);

        Assert.True(index.HasReliableTimestamps, "The timestamps are distinct.");
        Assert.Single(ffprobe.Runs);
    }

    private static async Task AssertOrderAsync(string path)
    {
        var index = await PlainFfprobe.IndexAsync(path);

        Assert.Equal(Frames, index.FrameCount);
        Assert.False(index.HasReliableTimestamps, "Timestamps do not tell the order.");
        var matcher = new FrameMatcher(index);
        Assert.Equal(
            Enumerable.Range(0, Frames).Cast<int?>(), (await ShownAsync(path)).Select(frame => matcher.Next(frame)));
        Assert.All(
            index.Warnings, warning => Assert.Equal(WarningReason.TimestampsLost, warning.Reason));
        Assert.Equal(
            Enumerable.Range(0, Frames).Select(index.TimestampMs).Order(),
            Enumerable.Range(0, Frames).Select(index.TimestampMs));
    }

    private static async Task<IEnumerable<ShowInfoLine>> ShownAsync(string path)
    {
        var run = await Cli.Wrap("ffmpeg")
            .WithArguments(
            [
                "-hide_banner", "-nostats", "-loglevel", "repeat+level+info", "-copyts", "-i", path,
                "-vf", "showinfo=checksum=0", "-fps_mode", "passthrough", "-f", "null", "-",
            ])
            .ExecuteBufferedAsync(TestContext.Current.CancellationToken);
        List<ShowInfoLine> frames = [];
        foreach (var line in run.StandardError.Split('\n'))
        {
            if (ShowInfoLine.TryRead(line, out var frame))
            {
                frames.Add(frame);
            }
        }

        return frames;
    }

    private Task<string> ClipAsync(string encoder, int bFrames) => Clips.MakeAsync(
        _folder.File("a.mp4"), "-f", "lavfi", "-i", "testsrc2=size=160x96:rate=25",
        "-frames:v", FormattableString.Invariant($"{Frames}"), "-c:v", encoder,
        "-bf", FormattableString.Invariant($"{bFrames}"), "-g", "20", "-pix_fmt", "yuv420p");
}
