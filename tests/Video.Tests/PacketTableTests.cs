using ForegSyte.V1;
using Google.Protobuf.WellKnownTypes;

namespace ForegSyte.Video.Tests;

/// <summary>The index of a video from ffprobe's lines.</summary>
public sealed class PacketTableTests
{
    private static readonly VideoLimits Limits = new(5_000_000, 16384, 8192 * 8192);

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
    public void Add_PacketsOfSeveralTracks_CountTogether()
    {
        var table = new PacketTable(maxPackets: 2);

        bool[] accepted =
        [
            .. Enumerable.Range(0, 3).Select(
                track => table.Add(FormattableString.Invariant($"packet|stream_index={track}|pts=0|flags=K_"))),
        ];

        Assert.Equal([true, true, false], accepted);
        Assert.True(table.IsOverLimit, "Three tracks have three packets.");
    }

    [Fact]
    public void ToIndex_EmptyPackets_AreFramesWithoutPositionAtWhichNothingStarts()
    {
        var table = new PacketTable(maxPackets: 100);
        table.Add("packet|pts=0|dts=0|duration=10|size=0|pos=48|flags=K_");
        table.Add("packet|pts=10|dts=10|duration=10|size=9|pos=48|flags=K_");
        table.Add("packet|pts=20|dts=20|duration=10|size=0|pos=57|flags=K_");
        table.Add("stream|codec_name=h264|width=64|height=48|time_base=1/1000|avg_frame_rate=25/1");

        var track = table.Choose();
        var index = track.ToIndex(sizeBytes: 1, Limits);

        Assert.Equal((48, 9), track.FirstPacket);
        Assert.True(index.HasEmptySamples, "Two packets are empty.");
        Assert.Equal([null, 48L, null], Enumerable.Range(0, index.FrameCount).Select(index.PositionOf));
        Assert.Equal([10], index.SeekPoints.Select(point => point.PresentationTicks));
    }

    [Fact]
    public void ToIndex_HiddenPackets_AreNoFramesAndEqualTimestampsAreFrames()
    {
        var table = new PacketTable(maxPackets: 100);
        table.Add("packet|pts=-20|dts=-40|duration=10|flags=KD");
        table.Add("packet|pts=10|dts=-30|duration=10|flags=__");
        table.Add("packet|pts=0|dts=-20|duration=10|flags=K_");
        table.Add("packet|pts=0|dts=-10|duration=10|flags=__");

        table.Add("stream|codec_name=h264|width=64|height=48|time_base=1/1000|avg_frame_rate=25/1");
        var index = table.Choose().ToIndex(sizeBytes: 1, Limits);

        Assert.Equal([0, 0, 10], Enumerable.Range(0, index.FrameCount).Select(index.TicksOf));
        Assert.Equal([-20, 0], index.SeekPoints.Select(point => point.PresentationTicks));
        Assert.Equal(20_000_000, index.Info.Duration.Nanos);
        Assert.Equal(1, Assert.Single(index.Warnings).Count);
    }

    [Fact]
    public void PacketTable_DecodeTimesThatJumpBack_GiveNoSeekPoints()
    {
        var table = new PacketTable(maxPackets: 100);
        table.Add("packet|pts=0|dts=0|duration=10|flags=K_");
        table.Add("packet|pts=10|dts=-5|duration=10|flags=K_");

        Assert.Empty(table.Choose().SeekPoints());
    }

    [Fact]
    public void SeekPoints_DecodeTimesThatAreEqual_AreKept()
    {
        var table = new PacketTable(maxPackets: 100);
        table.Add("packet|pts=0|dts=0|duration=0|flags=K_");
        table.Add("packet|pts=0|dts=0|duration=10|flags=__");
        table.Add("packet|pts=10|dts=10|duration=10|flags=K_");

        Assert.Equal([0, 10], table.Choose().SeekPoints().Select(point => point.PresentationTicks));
    }

    [Fact]
    public void ToIndex_PacketsWithoutTimestamps_AreFramesAtTheTimeBefore()
    {
        var index = Listing(
            "packet|pts=0|dts=0|flags=K_", "packet|pts=N/A|dts=N/A|flags=__", "packet|pts=20|dts=20|flags=__")
            .Choose().ToIndex(sizeBytes: 1, Limits);

        Assert.Equal([0, 0, 20], Enumerable.Range(0, index.FrameCount).Select(index.TicksOf));
        Assert.False(index.HasReliableTimestamps, "A frame has no timestamp.");
    }

    [Fact]
    public void ToIndex_AllTimestampsEqual_TakesTheDeclaredRate()
    {
        var index = Listing("packet|pts=0|dts=0|flags=K_", "packet|pts=0|dts=0|flags=__")
            .Choose().ToIndex(sizeBytes: 1, Limits);

        Assert.Equal((2, 25), (index.FrameCount, index.Info.FrameRate));
    }

    [Theory]
    [InlineData("4:3", "0", 4, 3)]
    [InlineData("8:6", "0", 4, 3)]
    [InlineData("4:3", "90", 3, 4)]
    [InlineData("0:1", "0", 1, 1)]
    [InlineData("N/A", "0", 1, 1)]
    [InlineData("-4:3", "0", 1, 1)]
    public void ToIndex_PixelAspectRatio_IsReducedAndTurned(string ratio, string turn, int width, int height)
    {
        var table = new PacketTable(maxPackets: 10);
        table.Add("packet|pts=0|dts=0|flags=K_");
        table.Add(
            $"stream|codec_name=h264|width=64|height=48|time_base=1/25|sample_aspect_ratio={ratio}|side_data"
            + (turn == "0" ? "" : "|displaymatrix=\\n00000000: 0 65536 0\\n00000001: -65536 0 0\\n00000002: 0 0 1\\n"));

        var seen = table.Choose().ToIndex(sizeBytes: 1, Limits).Info.PixelAspectRatio;

        Assert.Equal((width, height), (seen.Width, seen.Height));
    }

    [Theory]
    [InlineData("0.000000", 500_000_000, 500u)]
    [InlineData("0.500000", 0, 0u)]
    [InlineData("0.500001", 0, 0u)]
    [InlineData("0.499998", 2_000, 1u)]
    [InlineData("-0.020000", 520_000_000, 520u)]
    [InlineData("0.700000", 0, 0u)]
    [InlineData("N/A", 0, 0u)]
    public void ToIndex_StartOfTheFormat_GivesTheTimeOfFrameZero(string start, int nanoseconds, uint milliseconds)
    {
        var table = new PacketTable(maxPackets: 10);
        table.Add("packet|pts=6400|dts=6400|flags=K_");
        table.Add("stream|codec_name=h264|width=64|height=48|time_base=1/12800");
        table.Add("format|start_time=" + start);

        var index = table.Choose().ToIndex(sizeBytes: 1, Limits);

        Assert.Equal((nanoseconds, milliseconds), (index.Info.StartTime.Nanos, index.TimestampMs(0)));
    }

    [Fact]
    public void ToIndex_NegativeDuration_CountsAsNone()
    {
        // Found by fuzzing: the video ended before its start.
        var index = Listing("packet|pts=0|dts=0|duration=-512|flags=K_").Choose().ToIndex(sizeBytes: 1, Limits);

        Assert.Equal(new Duration(), index.Info.Duration);
    }

    [Theory]
    [InlineData("packet|pts=-9223372036854775807|dts=0|flags=K_", "packet|pts=9223372036854775807|dts=1|flags=__")]
    [InlineData("packet|pts=0|dts=0|flags=K_", "packet|pts=9223372036854775807|dts=1|duration=512|flags=__")]
    public void ToIndex_TimesFurtherApartThanCanBeCounted_AreRefused(string first, string second)
    {
        var refusal = Assert.Throws<VideoRefusedException>(
            () => Listing(first, second).Choose().ToIndex(sizeBytes: 1, Limits));

        Assert.Equal(ErrorReason.VideoLimitExceeded, refusal.Reason);
    }

    [Theory]
    [InlineData(54_975_581_376, 4_294_967_295)]
    [InlineData(54_975_581_375, 4_294_967_295)]
    [InlineData(27_648_000_000, 2_160_000_000)]
    public void ToIndex_VideoOfWeeks_HasItsTimestamps(long lastTicks, uint expected)
    {
        var index = Weeks(lastTicks).Choose().ToIndex(sizeBytes: 1, Limits);

        Assert.Equal(expected, index.TimestampMs(1));
        Assert.Equal(lastTicks / 12_800, index.Info.Duration.Seconds);
    }

    [Fact]
    public void ToIndex_TimestampAboveTheLimit_IsRefused()
    {
        var failure = Assert.Throws<VideoRefusedException>(
            () => Weeks(54_975_581_377).Choose().ToIndex(sizeBytes: 1, Limits));

        Assert.Equal(ErrorReason.VideoLimitExceeded, failure.Reason);
        Assert.Contains("4294967295 ms", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ToIndex_DurationThatIsNoWholeNanosecond_IsRoundedDown()
    {
        var table = new PacketTable(maxPackets: 10);
        table.Add("packet|pts=0|dts=0|duration=2|flags=K_");
        table.Add("stream|codec_name=h264|width=64|height=48|time_base=1/3|avg_frame_rate=3/2");

        var duration = table.Choose().ToIndex(sizeBytes: 1, Limits).Info.Duration;

        Assert.Equal((0L, 666_666_666), (duration.Seconds, duration.Nanos));
    }

    private static PacketTable Weeks(long lastTicks)
    {
        var table = new PacketTable(maxPackets: 10);
        table.Add("packet|pts=0|dts=0|flags=K_");
        table.Add(FormattableString.Invariant($"packet|pts={lastTicks}|dts={lastTicks}|flags=__"));
        table.Add("stream|codec_name=h264|width=64|height=48|time_base=1/12800|avg_frame_rate=25/1");
        return table;
    }

    private static PacketTable Listing(params string[] packets)
    {
        var table = new PacketTable(maxPackets: 100);
        Array.ForEach(packets, packet => table.Add(packet));
        table.Add("stream|codec_name=h264|width=64|height=48|time_base=1/12800|avg_frame_rate=25/1");
        return table;
    }
}
