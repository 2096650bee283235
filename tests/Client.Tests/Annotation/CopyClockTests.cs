using ForegSyte.Annotation;
using ForegSyte.V1;
using ForegSyte.Video;
using Google.Protobuf.WellKnownTypes;

namespace ForegSyte.Client.Tests.Annotation;

public sealed class CopyClockTests
{
    [Theory]
    [InlineData(90_000, 90_000)]
    [InlineData(12_800, 12_800)]
    [InlineData(30_000, 30_000)]
    [InlineData(1000, 1000)]
    // Not a multiple of 50, as the script's clock needs.
    [InlineData(15_360, 76_800)]
    [InlineData(24, 600)]
    [InlineData(16_384, 409_600)]
    // No multiple of 50 fits in 31 bits.
    [InlineData(2_000_000_011, 1_000_000)]
    public void For_Timescale_ChoosesTicksThatLoseNothing(int timescale, int expected)
    {
        var clock = ClockOf(timescale, [0, 1, 5]);

        Assert.Equal(expected, clock.TicksPerSecond);
        Assert.Equal(0, clock.TicksPerSecond % 50);
    }

    [Fact]
    public void For_GapOfHoursAtAFineTimescale_ChoosesCoarserTicks()
    {
        var clock = ClockOf(1_000_000, [0, 7_200_000_000L]);

        // An MP4 counts the duration of a frame in 31 bits.
        Assert.Equal(90_000, clock.TicksPerSecond);
        Assert.Equal(7200L * 90_000, clock.TicksOf(1));
    }

    [Fact]
    public void For_DayAtAFineTimescale_StaysExactInDoublePrecision()
    {
        var clock = ClockOf(10_000_000, [.. Enumerable.Range(0, 25).Select(hour => hour * 3600L * 10_000_000)]);

        Assert.True(
            (double)clock.TicksOf(24) * clock.Stretch < 1L << 53, "The stretched timestamps are not exact in FFmpeg.");
        Assert.Equal(24L * 3600 * clock.TicksPerSecond, clock.TicksOf(24));
    }

    [Fact]
    public void Ticks_EqualTimestamps_FollowEachOtherByATick() =>
        Assert.Equal([0L, 512, 513, 514, 1024], TicksOf(ClockOf(12_800, [0, 512, 512, 512, 1024])));

    [Fact]
    public void Ticks_LateStart_CountFromTheStartOfThePlayback()
    {
        // As in a clip whose sound begins half a second before the picture.
        var clock = CopyClock.For(IndexOf(12_800, [6400, 6912], playbackStart: 0));

        Assert.Equal((0L, 6400L, 6912L), (clock.Origin, clock.TicksOf(0), clock.TicksOf(1)));
    }

    [Fact]
    public void Ticks_EditListAtTheBeginning_StartAtZero()
    {
        var clock = CopyClock.For(IndexOf(12_800, [1024, 1536]));

        Assert.Equal((1024L, 0L, 512L), (clock.Origin, clock.TicksOf(0), clock.TicksOf(1)));
    }

    [Theory]
    [InlineData(0, 0)]
    // Frames at 20 * 512 and 20 * 1024 ms of the script; the middle is 10 * (512 + 1024) ms.
    [InlineData(2, 1536)]
    [InlineData(3, (2 * 1024) + 512 + 1)]
    public void ChangeTo_Frame_IsTheMiddleBetweenTwoFrames(int frame, long expected) =>
        Assert.Equal(expected, CopyClock.For(IndexOf(12_800, [0, 512, 1024], end: 1536)).ChangeTo(frame));

    [Theory]
    [InlineData(1536, 512)]
    // A duration of 0, as a broken muxer writes it: as long as the frame before.
    [InlineData(1024, 600)]
    [InlineData(1025, 600)]
    public void LastDuration_IsThatOfTheContainerOrOfTheFrameBefore(long end, long expected) =>
        Assert.Equal(expected, CopyClock.For(IndexOf(12_800, [0, 424, 1024], end: end)).LastDuration);

    [Fact]
    public void LastDuration_OneFrameWithoutDuration_Is40Ms() =>
        Assert.Equal(512, CopyClock.For(IndexOf(12_800, [0], end: 1)).LastDuration);

    [Theory]
    [InlineData(1001, 30_000, 90_000, 3003)]
    [InlineData(1, 3, 50, 17)]
    [InlineData(-1, 3, 50, -17)]
    [InlineData(1, 4, 50, 13)]
    [InlineData(-1, 4, 50, -13)]
    public void Convert_IsRoundedToTheNearestAsInFfmpeg(long ticks, int timescale, int ticksPerSecond, long expected) =>
        Assert.Equal(expected, CopyClock.Convert(ticks, new TimeBase(1, timescale), ticksPerSecond));

    private static long[] TicksOf(CopyClock clock) =>
        [.. Enumerable.Range(0, clock.FrameCount).Select(clock.TicksOf)];

    private static CopyClock ClockOf(int timescale, long[] ticks) =>
        CopyClock.For(IndexOf(timescale, ticks, end: ticks[^1] + 1));

    private static VideoIndex IndexOf(int timescale, long[] ticks, long? end = null, long? playbackStart = null)
    {
        var seconds = ((end ?? ticks[^1] + 512) - ticks[0]) / (double)timescale;
        var info = new VideoInfo
        {
            Width = 320,
            Height = 176,
            FrameCount = ticks.Length,
            Duration = Duration.FromTimeSpan(TimeSpan.FromSeconds(seconds)),
        };
        return new VideoIndex(info, new TimeBase(1, timescale), ticks, [])
        {
            PlaybackStartMicroseconds = playbackStart,
        };
    }
}
