using System.Text;
using ForegSyte.Jobs.Mp4;
using ForegSyte.V1;
using static ForegSyte.Jobs.Tests.Jobs.Mp4.Mp4Builder;

namespace ForegSyte.Jobs.Tests.Jobs.Mp4;

/// <summary>Each rule of the check at its boundary, and what callers read when a file breaks it.</summary>
public sealed class Mp4RulesTests
{
    private const string WaitHint =
        "Wait until the file is completely written or copied, then send it again.";

    private const string ConvertHint =
        "Convert it, for example with \"ffmpeg -i input output.mp4\", and submit the result.";

    private const string RewriteHint =
        "Rewrite the file, for example with \"ffmpeg -i in.mp4 -c copy out.mp4\", and submit the new file.";

    [Fact]
    public void Inspect_SmallestFile_IsAcceptable()
    {
        Assert.Equal(Mp4CheckResult.Acceptable, Inspect(Clip(Track())));
        Assert.Empty(Inspect(Clip(Track())).Warnings);
        Assert.Equal(("", ""), (Mp4CheckResult.Acceptable.Message, Mp4CheckResult.Acceptable.Detail));
    }

    [Theory]
    [InlineData(12, false)]
    [InlineData(16, true)]
    [InlineData(18, false)]
    [InlineData(1032, true)]
    [InlineData(1036, false)]
    public void Inspect_SizeOfTheFirstBox_IsLimited(int size, bool isAcceptable)
    {
        var result = Inspect(FileType(size), Box("moov", Track()), Box("mdat", new byte[100]));

        if (isAcceptable)
        {
            Assert.Equal(Mp4CheckResult.Acceptable, result);
            return;
        }

        AssertRefused(
            ErrorReason.NotAnMp4, $"The file is not an MP4: its 'ftyp' box claims {size} bytes. {ConvertHint}",
            $"its 'ftyp' box claims {size} bytes", result);
    }

    [Fact]
    public void Inspect_FileThatEndsWithItsFirstBox_IsCutOffAfterIt()
    {
        AssertRefused(
            ErrorReason.TruncatedMp4, $"The video is cut off: it ends inside its first box. {WaitHint}",
            "it ends inside its first box", Inspect(FileType()[..^1]));
        AssertRefused(
            ErrorReason.TruncatedMp4, $"The video is cut off: its index ('moov') is missing. {WaitHint}",
            "its index ('moov') is missing", Inspect(FileType()));
    }

    [Theory]
    [InlineData("is m", true)]
    [InlineData("iso~", true)]
    [InlineData("iso\u007f", false)]
    [InlineData("iso\u001f", false)]
    public void Inspect_Brand_IsPrintable(string brand, bool isAcceptable)
    {
        var file = Clip(Track());
        Encoding.Latin1.GetBytes(brand, file.AsSpan(8));

        var result = Inspect(file);

        Assert.Equal(isAcceptable ? null : ErrorReason.NotAnMp4, result.Problem);
        Assert.Equal(isAcceptable ? "" : "the brand in its 'ftyp' box is not four characters", result.Detail);
    }

    [Theory]
    [InlineData("\0\0\0\u0014ftyp", true)]
    [InlineData("\0\0\0\u0014fty", false)]
    [InlineData("\0\0\0\u0014free", false)]
    [InlineData("", false)]
    public void InspectBeginning_FirstBytes_AreOfTheFirstBox(string bytes, bool isAcceptable)
    {
        var result = Mp4Check.InspectBeginning(Encoding.Latin1.GetBytes(bytes));

        if (isAcceptable)
        {
            Assert.Equal(Mp4CheckResult.Acceptable, result);
            return;
        }

        AssertRefused(
            ErrorReason.NotAnMp4, $"The file is not an MP4: it does not begin with an 'ftyp' box. {ConvertHint}",
            "it does not begin with an 'ftyp' box", result);
    }

    [Fact]
    public void Inspect_MissingParts_AreNamed()
    {
        AssertRefused(
            ErrorReason.EmptyVideo, "The video has no bytes. Check the file and send it again.", "", Inspect([]));
        AssertRefused(
            ErrorReason.NoVideoTrack,
            "The file has no video track; it may be audio only. Submit a file with a video track.", "",
            Inspect(Clip(Track(handler: "soun"))));
        AssertRefused(
            ErrorReason.NoFrames, "The video track has no frames. Record or export the video again.", "",
            Inspect(Clip(Track(frames: 0))));
        AssertRefused(
            ErrorReason.TruncatedMp4,
            $"The video is cut off: it declares fragments but contains none. {WaitHint}",
            "it declares fragments but contains none",
            Inspect(Clip([.. Track(frames: 0), .. Box("mvex"), .. Box("mvex")])));
        AssertRefused(
            ErrorReason.TruncatedMp4,
            $"The video is cut off: the header of the box at byte 20 is incomplete. {WaitHint}",
            "the header of the box at byte 20 is incomplete", Inspect(FileType(), new byte[7]));
        AssertRefused(
            ErrorReason.TruncatedMp4, $"The video is cut off: the data of its frames ('mdat') is missing. {WaitHint}",
            "the data of its frames ('mdat') is missing", Inspect(FileType(), Box("moov", Track())));
        AssertRefused(
            ErrorReason.TruncatedMp4, $"The video is cut off: the data of its frames ('mdat') is missing. {WaitHint}",
            "the data of its frames ('mdat') is missing", Inspect(Clip(Track()), Box("moof")));
        Assert.Equal(Mp4CheckResult.Acceptable, Inspect(Clip(Track()), Box("moof"), Box("mdat")));
    }

    [Fact]
    public void Inspect_BoxPastTheEnd_SaysWhereAndByHowMuch()
    {
        byte[] file = [.. Clip(Track())[..^3]];
        var data = file.Length + 3 - 108;

        AssertRefused(
            ErrorReason.TruncatedMp4,
            $"The video is cut off: its box 'mdat' at byte {data} ends 3 bytes after the end of the file. {WaitHint}",
            $"its box 'mdat' at byte {data} ends 3 bytes after the end of the file", Inspect(file));

        // Without the data of its frames, bytes that are no box do not trail a complete file.
        Assert.Equal(
            "its box 'unda' at byte 20 ends 757949027 bytes after the end of the file",
            Inspect(FileType(), [.. "--boundary--"u8]).Detail);
        byte[] index = [.. FileType(), .. Box("moov", Track())];
        Assert.Equal(
            $"its box 'unda' at byte {index.Length} ends 757949027 bytes after the end of the file",
            Inspect(index, [.. "--boundary--"u8]).Detail);
        Assert.Equal(
            "its box 'mdat' at byte 20 ends 9223372036854775771 bytes after the end of the file",
            Inspect(FileType(), [0, 0, 0, 1, .. "mdat"u8, 0x7F, .. Enumerable.Repeat((byte)0xFF, 7)]).Detail);
    }

    [Fact]
    public void Inspect_IncompleteHeaderInsideTheIndex_IsPadding()
    {
        Assert.Equal(Mp4CheckResult.Acceptable, Inspect(Clip([.. Track(), 0, 0, 0, 8, .. "fre"u8])));
        Assert.Equal(Mp4CheckResult.Acceptable, Inspect(Clip([.. Track(), 0, 0, 0, 8, .. "free"u8])));
    }

    [Fact]
    public void Inspect_Contradictions_NameTheBox()
    {
        var start = FileType().Length;
        AssertRefused(
            ErrorReason.NotAnMp4,
            $"The video is not a valid MP4: the box at byte {start} is smaller than its own header. {RewriteHint}", "",
            Inspect(FileType(), [0, 0, 0, 7, .. "moov"u8], Box("mdat")));
        AssertRefused(
            ErrorReason.NotAnMp4,
            $"The video is not a valid MP4: the box at byte {start} is smaller than its own header. {RewriteHint}", "",
            Inspect(FileType(), [0, 0, 0, 23, .. "uuid"u8, .. new byte[15]], Box("mdat")));
        AssertRefused(
            ErrorReason.NotAnMp4,
            $"The video is not a valid MP4: the box 't?a ' at byte {start + 8} extends past its parent 'moov'. "
            + RewriteHint, "", Inspect(Clip([0, 0, 0, 9, .. "t\u0001a "u8])));
        AssertRefused(
            ErrorReason.NotAnMp4,
            $"The video is not a valid MP4: the box 'hdlr' at byte {start + 24} is too small. {RewriteHint}", "",
            Inspect(Clip(Box("trak", Box("mdia", Box("hdlr", new byte[11]))))));
        AssertRefused(
            ErrorReason.TruncatedMp4,
            $"The video is cut off: the header of the box at byte {start + 8} is incomplete. {WaitHint}",
            $"the header of the box at byte {start + 8} is incomplete",
            Inspect(Clip([0, 0, 0, 1, .. "trak"u8, .. new byte[7]])));
    }

    [Fact]
    public void Inspect_EmptyBoxesOfEachHeader_AreRead()
    {
        byte[] large = [0, 0, 0, 1, .. "free"u8, 0, 0, 0, 0, 0, 0, 0, 16];
        byte[] user = [0, 0, 0, 24, .. "uuid"u8, .. new byte[16]];
        byte[] largeUser = [0, 0, 0, 1, .. "uuid"u8, 0, 0, 0, 0, 0, 0, 0, 32, .. new byte[16]];
        byte[] smallLarge = [0, 0, 0, 1, .. "free"u8, 0, 0, 0, 0, 0, 0, 0, 15];

        Assert.Equal(Mp4CheckResult.Acceptable, Inspect(Clip([.. user, .. largeUser, .. Track(), .. large])));
        Assert.Equal(Mp4CheckResult.Acceptable, Inspect(FileType(), large, user, largeUser, Clip(Track())[20..]));
        Assert.Equal(ErrorReason.NotAnMp4, Inspect(Clip([.. smallLarge, .. Track()])).Problem);
    }

    [Fact]
    public void Inspect_SecondIndex_IsIgnored() => Assert.Equal(
        Mp4CheckResult.Acceptable, Inspect(Clip(Track()), Box("moov", Track(entry: "encv"))));

    [Fact]
    public void Inspect_FileThatBecomesShorter_IsCutOff()
    {
        var file = Clip(Track());
        using var stream = new ShorterStream(file[..24], file.Length);

        Assert.Equal(
            (ErrorReason.TruncatedMp4, "no data follows at byte 20"),
            (Mp4Check.Inspect(stream).Problem, Mp4Check.Inspect(stream).Detail));
    }

    [Fact]
    public void ReadHeader_AtAndOverTheLimitOfBoxes()
    {
        var boxes = new Mp4Boxes(new MemoryStream(Box("free")));
        for (var box = 0; box < Mp4Boxes.MaxBoxes; box++)
        {
            boxes.ReadHeader(0, 8);
        }

        Assert.Contains(
            "it has more than 500000 boxes", Assert.Throws<Mp4Exception>(() => boxes.ReadHeader(0, 8)).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Printable_Type_HasLettersDigitsAndSpacesOnly() =>
        Assert.Equal("aZ9 ??", Mp4Boxes.Printable("aZ9 _\u00e9"));

    private static void AssertRefused(ErrorReason problem, string message, string detail, Mp4CheckResult result) =>
        Assert.Equal((problem, message, detail), (result.Problem, result.Message, result.Detail));

    private sealed class ShorterStream(byte[] bytes, long length) : MemoryStream(bytes, writable: false)
    {
        public override long Length => length;
    }
}
