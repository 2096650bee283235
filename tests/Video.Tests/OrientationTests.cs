using CliWrap;
using CliWrap.Buffered;
using ForegSyte.Testing;

namespace ForegSyte.Video.Tests;

/// <summary>Display matrices as quarter turns and mirrors.</summary>
public sealed class OrientationTests : IDisposable
{
    private const int One = 65536;

    private readonly TemporaryFolder _folder = new();

    /// <summary>The linear part of a matrix and its meaning.</summary>
    public static TheoryData<int, int, int, int, int, bool> Quarters => new()
    {
        { 1, 0, 0, 1, 0, false },
        { 0, 1, -1, 0, 90, false },
        { -1, 0, 0, -1, 180, false },
        { 0, -1, 1, 0, 270, false },
        { -1, 0, 0, 1, 0, true },
        { 1, 0, 0, -1, 180, true },
        { 0, -1, -1, 0, 90, true },
        { 0, 1, 1, 0, 270, true },
    };

    public void Dispose() => _folder.Dispose();

    [Theory]
    [MemberData(nameof(Quarters))]
    public void Of_Quarters_IsATurnAndAMirror(int a, int b, int c, int d, int degrees, bool isMirrored) =>
        Assert.Equal(
            new Orientation(degrees, isMirrored), Orientation.Of(Matrix(a * One, b * One, c * One, d * One)));

    [Theory]
    [InlineData(46341, 46341, -46341, 46341, 0)]
    [InlineData(-400, 65535, -65535, -400, 90)]
    [InlineData(0, 2 * One, -One, 0, 90)]
    [InlineData(0, 0, 0, 0, 0)]
    public void Of_OtherMatrices_IsTheNearestQuarterWithinADegreeOrNone(int a, int b, int c, int d, int degrees) =>
        Assert.Equal(new Orientation(degrees, false), Orientation.Of(Matrix(a, b, c, d)));

    [Theory]
    [InlineData("")]
    [InlineData("\\n00000000: 0 65536 0")]
    [InlineData("\\n00000000: a b c\\n00000001: d e f\\n00000002: g h i\\n")]
    public void Of_NoMatrix_IsNone(string text) => Assert.Equal(default, Orientation.Of(text));

    /// <summary>The oracle is what FFmpeg itself makes of the matrix.</summary>
    [Theory]
    [MemberData(nameof(Quarters))]
    public async Task Filters_OfAMatrix_ShowWhatPlayersShow(int a, int b, int c, int d, int degrees, bool isMirrored)
    {
        var path = await Clips.MakeAsync(
            _folder.File("a.mp4"), "-f", "lavfi", "-i", "testsrc2=size=64x48:rate=5", "-frames:v", "1",
            "-c:v", "libx264", "-pix_fmt", "yuv420p");
        FileEdits.SetMatrix(path, a, b, c, d);

        var index = await PlainFfprobe.IndexAsync(path);

        Assert.Equal((degrees, isMirrored), (index.Info.RotationDegrees, index.Info.Mirrored));
        Assert.Equal(
            degrees is 90 or 270 ? (48, 64) : (64, 48), (index.Info.Width, index.Info.Height));
        Assert.Equal(
            await HashAsync("-i", path),
            await HashAsync(
                "-noautorotate", "-i", path, "-vf", string.Join(',', ["null", .. FrameFilters.Upright(index)])));
    }

    /// <summary>In FFmpeg's players the stream has priority over the container.</summary>
    [Theory]
    [InlineData(1, 0, 0, 1)]
    [InlineData(0, 1, -1, 0)]
    [InlineData(-1, 0, 0, 1)]
    public async Task Read_OrientationInTheStream_CountsWhateverTheContainerSays(int a, int b, int c, int d)
    {
        var path = _folder.File("a.mp4");
        File.Copy(CaseFiles.PathOf("c45_sei_rotate90"), path);
        FileEdits.SetMatrix(path, a, b, c, d);

        var index = await PlainFfprobe.IndexAsync(path);

        Assert.Equal((270, false), (index.Info.RotationDegrees, index.Info.Mirrored));
        Assert.Equal((176, 320), (index.Info.Width, index.Info.Height));
        Assert.Equal(
            await HashAsync("-i", path),
            await HashAsync("-noautorotate", "-i", path, "-vf", string.Join(',', FrameFilters.Upright(index))));
    }

    /// <summary>x264 writes a message of its own, which comes first.</summary>
    [Theory]
    [InlineData("270", false, 90)]
    [InlineData("180", false, 180)]
    [InlineData("0:flip=horizontal", true, 0)]
    public async Task Read_OrientationBehindAnotherMessage_IsFound(string rotate, bool isMirrored, int degrees)
    {
        var path = await Clips.MakeAsync(
            _folder.File("a.mp4"), "-f", "lavfi", "-i", "testsrc2=size=64x48:rate=5", "-frames:v", "3",
            "-c:v", "libx264", "-pix_fmt", "yuv420p",
            "-bsf:v", "h264_metadata=display_orientation=insert:rotate=" + rotate);

        var info = (await PlainFfprobe.IndexAsync(path)).Info;

        Assert.Equal((degrees, isMirrored), (info.RotationDegrees, info.Mirrored));
    }

    /// <summary>The configuration record may hold the message instead of the frames.</summary>
    [Theory]
    [InlineData(270, 90)]
    [InlineData(180, 180)]
    public async Task Read_OrientationInTheConfigurationOfHevc_Counts(int counterClockwise, int degrees)
    {
        var path = await Clips.MakeAsync(
            _folder.File("a.mp4"), "-f", "lavfi", "-i", "testsrc2=size=64x64:rate=5", "-frames:v", "3",
            "-c:v", "libx265", "-pix_fmt", "yuv420p");
        FileEdits.AddHevcOrientation(path, counterClockwise);

        var index = await PlainFfprobe.IndexAsync(path);

        Assert.Equal((degrees, false), (index.Info.RotationDegrees, index.Info.Mirrored));
        Assert.Equal(
            await HashAsync("-i", path),
            await HashAsync("-noautorotate", "-i", path, "-vf", string.Join(',', FrameFilters.Upright(index))));
    }

    /// <summary>A record that contradicts itself: the first frame tells.</summary>
    [Theory]
    [InlineData("", false)]
    [InlineData("00", false)]
    [InlineData("01", true)]
    [InlineData("01270001", true)]
    [InlineData("0127000100", true)]
    [InlineData("012700010009", true)]
    [InlineData("01270001000100", true)]
    [InlineData("0120000100020102", false)]
    [InlineData("0127000100044E010500", false)]
    [InlineData("0127000100064E012F010080", true)]
    public void IsPossibleInConfiguration_OfArrays_IsTrueUnlessNoneHasTheMessage(string arrays, bool expected) =>
        Assert.Equal(
            expected,
            OrientationMessage.IsPossibleInConfiguration([.. new byte[22], .. Convert.FromHexString(arrays)]));

    [Theory]
    [InlineData("libx264", "h264")]
    [InlineData("libx265", "hevc")]
    [InlineData("mjpeg", "mjpeg")]
    public async Task Read_StreamWithoutOrientation_DecodesNoFrame(string encoder, string codec)
    {
        var path = await Clips.MakeAsync(
            _folder.File("a.mp4"), "-f", "lavfi", "-i", "testsrc2=size=64x64:rate=5", "-frames:v", "3",
            "-c:v", encoder, "-pix_fmt", codec == "mjpeg" ? "yuvj420p" : "yuv420p");
        var ffprobe = new PlainFfprobe();

        Assert.Equal(codec, (await PlainFfprobe.IndexAsync(path, ffprobe)).Info.Codec);

        Assert.Single(ffprobe.Runs);
    }

    private static string Matrix(int a, int b, int c, int d) => FormattableString.Invariant(
        $"\\n00000000: {a,12} {b,11} {0,11}\\n00000001: {c,12} {d,11} {0,11}")
        + FormattableString.Invariant($"\\n00000002: {0,12} {0,11} {1 << 30,11}\\n");

    private static async Task<string> HashAsync(params string[] arguments)
    {
        var run = await Cli.Wrap("ffmpeg")
            .WithArguments(["-v", "error", .. arguments, "-f", "md5", "-"])
            .ExecuteBufferedAsync(TestContext.Current.CancellationToken);
        return run.StandardOutput;
    }
}
