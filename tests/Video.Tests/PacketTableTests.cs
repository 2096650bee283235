using ForegSyte.V1;
using Google.Protobuf.WellKnownTypes;

namespace ForegSyte.Video.Tests;

/// <summary>The index of a video from ffprobe's lines.</summary>
public sealed class PacketTableTests
{
    private static readonly VideoLimits Limits = new(5_000_000, 16384, 8192 * 8192);

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

    [Fact]
    public void ToIndex_NegativeDuration_CountsAsNone()
    {
        // Found by fuzzing: the video ended before its start.
        var index = Listing("packet|pts=0|dts=0|duration=-512|flags=K_").ToIndex(sizeBytes: 1, Limits);

        Assert.Equal(new Duration(), index.Info.Duration);
    }

    [Theory]
    [InlineData("packet|pts=-9223372036854775807|dts=0|flags=K_", "packet|pts=9223372036854775807|dts=1|flags=__")]
    [InlineData("packet|pts=0|dts=0|flags=K_", "packet|pts=9223372036854775807|dts=1|duration=512|flags=__")]
    public void ToIndex_TimesFurtherApartThanCanBeCounted_AreRefused(string first, string second)
    {
        var refusal = Assert.Throws<VideoRefusedException>(
            () => Listing(first, second).ToIndex(sizeBytes: 1, Limits));

        Assert.Equal(ErrorReason.VideoLimitExceeded, refusal.Reason);
    }

    [Theory]
    [InlineData(54_975_581_376, 4_294_967_295)]
    [InlineData(54_975_581_375, 4_294_967_295)]
    [InlineData(27_648_000_000, 2_160_000_000)]
    public void ToIndex_VideoOfWeeks_HasItsTimestamps(long lastTicks, uint expected)
    {
        var index = Weeks(lastTicks).ToIndex(sizeBytes: 1, Limits);

        Assert.Equal(expected, index.TimestampMs(1));
        Assert.Equal(lastTicks / 12_800, index.Info.Duration.Seconds);
    }

    [Fact]
    public void ToIndex_TimestampAboveTheLimit_IsRefused()
    {
        var failure = Assert.Throws<VideoRefusedException>(
            () => Weeks(54_975_581_377).ToIndex(sizeBytes: 1, Limits));

        Assert.Equal(ErrorReason.VideoLimitExceeded, failure.Reason);
        Assert.Contains("4294967295 ms", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ToIndex_DurationThatIsNoWholeNanosecond_IsRoundedDown()
    {
        var table = new PacketTable(maxPackets: 10);
        table.Add("packet|pts=0|dts=0|duration=2|flags=K_");
        table.Add("stream|codec_name=h264|width=64|height=48|time_base=1/3|avg_frame_rate=3/2");

        var duration = table.ToIndex(sizeBytes: 1, Limits).Info.Duration;

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
