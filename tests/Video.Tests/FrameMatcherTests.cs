using ForegSyte.V1;

namespace ForegSyte.Video.Tests;

/// <summary>The frames of a decoder find their places in the index.</summary>
public sealed class FrameMatcherTests
{
    [Fact]
    public void Next_EqualTimestamps_AreToldApartByPosition() =>
        Assert.Equal(
            [0, 1, 2, 3],
            Match(Index([0, 10, 10, 20], [100, 200, 300, 400]), (0, 100), (10, 200), (10, 300), (20, 400)));

    [Fact]
    public void Next_EqualTimestampsWithoutPositions_GoByOrder() =>
        Assert.Equal([0, 1, 2, 3], Match(Index([0, 10, 10, 20], []), (0, null), (10, null), (10, null), (20, null)));

    [Fact]
    public void Next_TimestampReplacedByFfmpeg_GoesByPosition() =>
        Assert.Equal([0, 2, 1], Match(Index([0, 10, 20], [100, 200, 300]), (0, 100), (10, 300), (15, 200)));

    [Fact]
    public void Next_PacketRepeatedByAnEditList_GoesByTimestamp() =>
        Assert.Equal(
            [1, 2, 3], Match(Index([0, 10, 20, 30], [100, 200, 100, 200]), (10, 200), (20, 100), (30, 200)));

    [Fact]
    public void Next_HiddenFrame_IsNotListed() =>
        Assert.Equal([null, 0], Match(Index([0, 10], [100, 200], hidden: 50), (0, 50), (0, 100)));

    [Fact]
    public void Next_PositionThatTheContainerDoesNotList_GoesByTimestamp() =>
        Assert.Equal([1, null], Match(Index([0, 10], [100, 200]), (10, 999), (5, 998)));

    [Fact]
    public void Next_SecondFrameOfAPacket_IsNotListed() =>
        Assert.Equal([0, null, 1], Match(Index([0, 10], [100, 200]), (0, 100), (5, 100), (10, 200)));

    private static VideoIndex Index(long[] timestamps, long[] positions, params long[] hidden) =>
        new(new VideoInfo(), new TimeBase(1, 1000), timestamps, [], positions, hidden);

    private static IEnumerable<int?> Match(VideoIndex index, params (long? Ticks, long? Position)[] frames)
    {
        var matcher = new FrameMatcher(index);
        return [.. frames.Select(frame => matcher.Next(new ShowInfoLine(frame.Ticks, frame.Position)))];
    }
}
