using ForegSyte.Protocol.Text;

namespace ForegSyte.Protocol.Tests.Text;

public sealed class SizeTextTests
{
    [Theory]
    [InlineData("500MiB", 524_288_000)]
    [InlineData("500 mib", 524_288_000)]
    [InlineData("1.5GiB", 1_610_612_736)]
    [InlineData("20GB", 20_000_000_000)]
    [InlineData("64kB", 64_000)]
    [InlineData("12B", 12)]
    [InlineData("0", 0)]
    public void TryParse_NumberWithUnit_IsASize(string text, long bytes)
    {
        Assert.True(SizeText.TryParse(text, out var size), $"{text} is a size.");
        Assert.Equal(bytes, size);
    }

    [Theory]
    [InlineData("")]
    [InlineData(null)]
    [InlineData("500")]
    [InlineData("MiB")]
    [InlineData("-1MiB")]
    [InlineData("0.5B")]
    [InlineData("5M")]
    [InlineData("99999999TiB")]
    public void TryParse_AnythingElse_IsNone(string? text) =>
        Assert.False(SizeText.TryParse(text, out _), $"{text} is no size.");

    [Theory]
    [InlineData(0, "0B")]
    [InlineData(1000, "1000B")]
    [InlineData(65_536, "64KiB")]
    [InlineData(1_610_612_736, "1536MiB")]
    [InlineData(68_719_476_736, "64GiB")]
    public void Format_Size_IsReadAgain(long bytes, string expected)
    {
        var text = SizeText.Format(bytes);

        Assert.Equal(expected, text);
        Assert.True(SizeText.TryParse(text, out var size), $"{text} is a size.");
        Assert.Equal(bytes, size);
    }

    [Theory]
    [InlineData(0, "0B")]
    [InlineData(1023, "1023B")]
    [InlineData(4_299_161, "4.09MiB")]
    [InlineData(41_943_040, "40MiB")]
    [InlineData(1_073_741_823, "1023MiB")]
    public void Approximate_Size_HasThreeDigitsAndIsTruncated(long bytes, string expected) =>
        Assert.Equal(expected, SizeText.Approximate(bytes));
}
