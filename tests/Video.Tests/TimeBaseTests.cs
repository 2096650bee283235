namespace ForegSyte.Video.Tests;

/// <summary>Conversion of ticks to the units of results and of FFmpeg.</summary>
public sealed class TimeBaseTests
{
    [Theory]
    [InlineData(1, 1000, 100, 100)]
    [InlineData(1, 15, 1, 67)]
    [InlineData(1, 15, 3, 200)]
    [InlineData(1001, 30000, 3, 101)]
    [InlineData(1001, 30000, 30, 1001)]
    [InlineData(1, 90000, 9000, 100)]
    [InlineData(1, 90000, 9001, 101)]
    [InlineData(1, 2147483647, 1, 1)]
    [InlineData(1, 2147483647, 2147483647L * 4_000_000, 4_000_000_000)]
    [InlineData(1, 2147483647, (2147483647L * 4_000_000) + 1, 4_000_000_001)]
    [InlineData(1, 3, 3L << 53, 9_007_199_254_740_992_000)]
    [InlineData(1, 1000, 0, 0)]
    public void ToMillisecondsCeiling_AnyTicks_IsExact(int numerator, int denominator, long ticks, long expected) =>
        Assert.Equal(expected, (long)new TimeBase(numerator, denominator).ToMillisecondsCeiling(ticks));

    [Theory]
    [InlineData(1, 3, 1, 333334)]
    [InlineData(1, 90000, -90000, -1000000)]
    [InlineData(1, 3, -1, -333333)]
    public void ToMicrosecondsCeiling_IsNeverEarlier(int numerator, int denominator, long ticks, long expected) =>
        Assert.Equal(expected, new TimeBase(numerator, denominator).ToMicrosecondsCeiling(ticks));
}
