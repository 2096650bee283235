using ForegSyte.Protocol.Text;

namespace ForegSyte.Protocol.Tests.Text;

public sealed class DurationTextTests
{
    [Theory]
    [InlineData("7d 12h 30m 10s", 649_810)]
    [InlineData("7d12h30m10s", 649_810)]
    [InlineData("1.5h", 5400)]
    [InlineData("250ms", 0.25)]
    [InlineData("1m 500ms", 60.5)]
    [InlineData(" 30s ", 30)]
    [InlineData("0", 0)]
    [InlineData("0s", 0)]
    public void TryParse_NumbersWithUnits_IsTheirSum(string text, double seconds)
    {
        Assert.True(DurationText.TryParse(text, out var time), $"{text} is a duration.");
        Assert.Equal(TimeSpan.FromSeconds(seconds), time);
    }

    [Theory]
    [InlineData("")]
    [InlineData(null)]
    [InlineData("7")]
    [InlineData("s")]
    [InlineData("-5s")]
    [InlineData("5 minutes")]
    [InlineData("10s 5m")]
    [InlineData("5s 5s")]
    [InlineData("1..5s")]
    [InlineData("00:00:05")]
    [InlineData("99999999999d")]
    [InlineData("10675199d 24h")]
    public void TryParse_AnythingElse_IsNone(string? text) =>
        Assert.False(DurationText.TryParse(text, out _), $"{text} is no duration.");

    [Theory]
    [InlineData(0, "0s")]
    [InlineData(0.25, "250ms")]
    [InlineData(2.25, "2.25s")]
    [InlineData(60, "1m")]
    [InlineData(5400, "1h 30m")]
    [InlineData(649_810, "7d 12h 30m 10s")]
    public void Format_Time_IsReadAgain(double seconds, string expected)
    {
        var text = DurationText.Format(TimeSpan.FromSeconds(seconds));

        Assert.Equal(expected, text);
        Assert.True(DurationText.TryParse(text, out var time), $"{text} is a duration.");
        Assert.Equal(TimeSpan.FromSeconds(seconds), time);
    }

    [Theory]
    [InlineData(0, "0ms")]
    [InlineData(0.84, "840ms")]
    [InlineData(0.9996, "1s")]
    [InlineData(9.31, "9.3s")]
    [InlineData(59.97, "1m")]
    [InlineData(252, "4m 12s")]
    [InlineData(3599.6, "1h")]
    [InlineData(11_100, "3h 5m")]
    [InlineData(183_600, "2d 3h")]
    public void Approximate_Time_HasAtMostTwoUnits(double seconds, string expected) =>
        Assert.Equal(expected, DurationText.Approximate(TimeSpan.FromSeconds(seconds)));
}
