using ForegSyte.Hosting.Errors;
using ForegSyte.Inference.V1;
using ForegSyte.Inference.Video;
using ForegSyte.V1;
using Google.Protobuf.WellKnownTypes;

namespace ForegSyte.Inference.Tests.Video;

/// <summary>Parsing of the output of ffmpeg and ffprobe, and their command lines.</summary>
public sealed class DecoderTextTests
{
    [Theory]
    [InlineData("[Parsed_showinfo_2 @ 0x55c7899a4e80] [info] n:   0 pts:  10240 pts_time:1       pos: 9", 10240L)]
    [InlineData("[Parsed_showinfo_12 @ 0x1] [info] n:1234 pts:-512 pts_time:-0.04", -512L)]
    [InlineData("[Parsed_showinfo_3 @ 0x1] [info] n:   7 pts:NOPTS pts_time:NOPTS", null)]
    public void TryRead_LineOfAFrame_GivesItsTicks(string line, long? expected)
    {
        Assert.Equal((true, expected), (ShowInfoLine.TryRead(line, out var ticks), ticks));
    }

    [Theory]
    [InlineData("[Parsed_showinfo_2 @ 0x1] [info] config in time_base: 1/10240, frame_rate: 10/1")]
    [InlineData("[Parsed_showinfo_2 @ 0x1] [info] color_range:pc color_space:gbr")]
    [InlineData("[info]     title : [Parsed_showinfo_2 @ 0x1] [info] n:   0 pts:  10240 pts_time:1")]
    [InlineData("")]
    public void TryRead_OtherLine_IsNotAFrame(string line) =>
        Assert.False(ShowInfoLine.TryRead(line, out _), $"Not a line about a frame: {line}");

    [Theory]
    [InlineData("0", 0)]
    [InlineData("-90", 90)]
    [InlineData("90", 270)]
    [InlineData("-180", 180)]
    [InlineData("180", 180)]
    [InlineData("-89.6", 90)]
    [InlineData("45", 0)]
    [InlineData("nan", 0)]
    [InlineData(null, 0)]
    public void ClockwiseDegrees_OfFfprobesRotation_AreQuarters(string? rotation, int expected) =>
        Assert.Equal(expected, PacketTable.ClockwiseDegrees(rotation));

    [Theory]
    [InlineData(137, 5, ErrorReason.DecoderLost)]
    [InlineData(139, 0, ErrorReason.DecoderLost)]
    [InlineData(152, 5, ErrorReason.VideoLimitExceeded)]
    [InlineData(127, 0, ErrorReason.DecoderLost)]
    [InlineData(1, 0, ErrorReason.UndecodableVideo)]
    [InlineData(183, 0, ErrorReason.DecoderLost)]
    [InlineData(234, 0, ErrorReason.UndecodableVideo)]
    [InlineData(1, 5, ErrorReason.DecoderLost)]
    [InlineData(0, 0, ErrorReason.UndecodableVideo)]
    public void SegmentFailure_ByExitCodeAndFrames_HasItsReason(int exitCode, int delivered, ErrorReason reason) =>
        Assert.Equal(
            reason, DecoderExit.SegmentFailure(exitCode, 10, delivered, new LogTail(), new VideoOptions())?.Reason);

    [Fact]
    public void SegmentFailure_DamageInTheMiddle_IsNone() =>
        Assert.Null(DecoderExit.SegmentFailure(0, 10, 9, new LogTail(), new VideoOptions()));

    [Fact]
    public void Make_ProgramsMissing_NamesWhatIsNotLimited()
    {
        var sandbox = DecoderSandbox.Make(
            new VideoOptions(),
            program => program == "nice" ? "/bin/nice" : null,
            wrapper: null,
            isAddressSpaceLimited: true);

        Assert.Equal(["/bin/nice", "-n", "5"], sandbox.Prefix);
        Assert.Collection(
            sandbox.Missing,
            text => Assert.StartsWith("setsid", text, StringComparison.Ordinal),
            text => Assert.StartsWith("prlimit", text, StringComparison.Ordinal),
            text => Assert.StartsWith("setpriv", text, StringComparison.Ordinal));
        Assert.Equal(["the protocol whitelist", "niceness 5"], sandbox.Measures);
        Assert.Equal(SandboxLevel.Options, sandbox.Level);
        Assert.Equal((false, false), (sandbox.IsMemoryLimited, sandbox.IsTimeLimited));
    }

    [Theory]
    [InlineData(true, "--as=4294967296", "4096 MiB")]
    [InlineData(false, null, "no limit of memory")]
    public void Make_AllPrograms_LimitsAllThatTheDecoderBears(bool isLimited, string? memory, string told)
    {
        var sandbox = DecoderSandbox.Make(
            new VideoOptions(),
            program => "/bin/" + program,
            SandboxWrapper.Network("/bin/unshare").First(),
            isLimited);

        string[] expected =
        [
            "/bin/setsid", "/bin/nice", "-n", "5", "/bin/prlimit",
            .. memory is null ? (string[])[] : [memory], "--cpu=3600:3605", "--core=0", "--fsize=0",
            "/bin/unshare", "--net", "/bin/setpriv", "--pdeathsig", "KILL", "--no-new-privs",
        ];
        Assert.Equal(expected, sandbox.Prefix);
        Assert.Equal(SandboxLevel.Network, sandbox.Level);
        Assert.Contains("no network", sandbox.Measures);
        Assert.Contains(sandbox.Measures, measure => measure.StartsWith(told, StringComparison.Ordinal));
        Assert.Equal(isLimited, sandbox.IsMemoryLimited);
    }

    [Fact]
    public async Task BoundedLines_LongLine_IsCutAndTheNextIsWhole()
    {
        List<string> lines = [];

        await BoundedLines.ReadAsync(new StringReader(new string('x', 1_000_000) + "\r\nshort\n\nlast"), line =>
        {
            lines.Add(line.ToString());
            return true;
        });

        Assert.Equal([new string('x', BoundedLines.MaxLength), "short", "last"], lines);
    }

    [Fact]
    public void PacketTable_MoreLinesThanAllowed_SaysSo()
    {
        var table = new PacketTable(maxPackets: 2);

        bool[] accepted =
        [
            table.Add("packet|pts=0|dts=0|duration=1|flags=K_"),
            table.Add("packet|pts=1|dts=1|duration=1|flags=__"),
            table.Add("packet|pts=2|dts=2|duration=1|flags=__"),
        ];

        Assert.Equal([true, true, false], accepted);
    }

    [Fact]
    public void PacketTable_HiddenAndRepeatedPackets_AreNoFrames()
    {
        var table = new PacketTable(maxPackets: 100);
        table.Add("packet|pts=-20|dts=-40|duration=10|flags=KD");
        table.Add("packet|pts=10|dts=-30|duration=10|flags=__");
        table.Add("packet|pts=0|dts=-20|duration=10|flags=K_");
        table.Add("packet|pts=0|dts=-10|duration=10|flags=__");

        Assert.Equal([0, 10], table.Timestamps());
        Assert.Equal([-20, 0], table.SeekPoints().Select(point => point.PresentationTicks));
        Assert.Equal((10L, 10L), table.Last);
    }

    [Fact]
    public void PacketTable_DecodeTimesThatJumpBack_GiveNoSeekPoints()
    {
        var table = new PacketTable(maxPackets: 100);
        table.Add("packet|pts=0|dts=0|duration=10|flags=K_");
        table.Add("packet|pts=10|dts=-5|duration=10|flags=K_");

        Assert.Empty(table.SeekPoints());
    }

    [Theory]
    [InlineData(1, 3, 1, 333334)]
    [InlineData(1, 90000, -90000, -1000000)]
    [InlineData(1, 3, -1, -333333)]
    public void ToMicrosecondsCeiling_IsNeverEarlier(int numerator, int denominator, long ticks, long expected) =>
        Assert.Equal(expected, new TimeBase(numerator, denominator).ToMicrosecondsCeiling(ticks));

    [Fact]
    public void ToIndex_NegativeDuration_CountsAsNone()
    {
        // Found by fuzzing: the video ended before its start.
        var index = Listing("packet|pts=0|dts=0|duration=-512|flags=K_").ToIndex(sizeBytes: 1, new VideoOptions());

        Assert.Equal(new Duration(), index.Info.Duration);
    }

    [Theory]
    [InlineData("packet|pts=-9223372036854775807|dts=0|flags=K_", "packet|pts=9223372036854775807|dts=1|flags=__")]
    [InlineData("packet|pts=0|dts=0|flags=K_", "packet|pts=9223372036854775807|dts=1|duration=512|flags=__")]
    public void ToIndex_TimesFurtherApartThanCanBeCounted_AreRefused(string first, string second)
    {
        var refusal = Assert.Throws<ServiceException>(
            () => Listing(first, second).ToIndex(sizeBytes: 1, new VideoOptions()));

        Assert.Equal(ErrorReason.VideoLimitExceeded, refusal.Reason);
    }

    [Fact]
    public void FfmpegArguments_RangeAfterAKey_SeekByItsPresentationTime()
    {
        var index = new VideoIndex(
            new VideoInfo(), new TimeBase(1, 3), [0, 1, 2, 3, 4], [new SeekPoint(0, false), new SeekPoint(2, false)]);
        var plan = DecodePlan.Make(index, new FrameRange { StartFrame = 3 }, 1);

        var arguments = FfmpegArguments.Make("/a.mp4", index, plan, new FrameSize(8, 8), new VideoOptions(), []);

        Assert.Equal("666667us", arguments[arguments.ToList().IndexOf("-ss") + 1]);
    }

    [Fact]
    public void FfmpegArguments_AGpuDecodes_ItIsChosenForTheInput()
    {
        var index = new VideoIndex(new VideoInfo(), new TimeBase(1, 3), [0, 1], []);
        var plan = DecodePlan.Make(index, null, 1);

        var arguments = FfmpegArguments.Make(
            "/a.mp4", index, plan, new FrameSize(8, 8), new VideoOptions(),
            ["-hwaccel", "cuda", "-hwaccel_device", "1"]).ToList();

        Assert.InRange(arguments.IndexOf("-hwaccel"), 0, arguments.IndexOf("-i"));
        Assert.DoesNotContain("-hwaccel_output_format", arguments);
    }

    [Theory]
    [InlineData(1920, 1080)]
    [InlineData(16384, 2)]
    public void MaxCodedPixels_TheLargestFrame_FitsInWholeBlocks(int width, int height)
    {
        var options = new VideoOptions { MaxFrameSidePixels = width, MaxFramePixels = width * height };

        Assert.InRange(
            (width + 127) / 128 * 128 * ((height + 127) / 128 * 128), 1, SandboxedInput.MaxCodedPixels(options));
    }

    private static PacketTable Listing(params string[] packets)
    {
        var table = new PacketTable(maxPackets: 100);
        Array.ForEach(packets, packet => table.Add(packet));
        table.Add("stream|codec_name=h264|width=64|height=48|time_base=1/12800|avg_frame_rate=25/1");
        return table;
    }

    [Theory]
    [InlineData("/srv/videos/a b.mp4: Invalid data found", "VIDEO: Invalid data found")]
    [InlineData("file:/srv/videos/a b.mp4: moov atom not found", "file:VIDEO: moov atom not found")]
    [InlineData("[mov,mp4,m4a @ 0x55c7899a4e80] [fatal] moov atom", "[mov,mp4,m4a] [fatal] moov atom")]
    [InlineData("cannot open /etc/ssl/cert.pem, gave up", "cannot open PATH, gave up")]
    [InlineData("'/root/.config'", "'PATH'")]
    [InlineData("time base 1/25, yuv420p/bt709", "time base 1/25, yuv420p/bt709")]
    [InlineData("title: \u001b[31mred\u0000", "title:  [31mred")]
    public void DecoderLogExcerpt_OfALine_HasNoPathNoAddressAndNoControls(string line, string expected)
    {
        var tail = new LogTail();
        tail.Add(line.AsMemory());
        Assert.Equal(expected, DecoderLogExcerpt.Of(tail, "/srv/videos/a b.mp4"));
    }

    [Fact]
    public void DecoderLogExcerpt_OfALongLine_IsCut()
    {
        var tail = new LogTail();
        tail.Add(new string('x', 5000).AsMemory());
        Assert.Equal(201, DecoderLogExcerpt.Of(tail, "/v.mp4").Length);
    }
}
