using ForegSyte.CommandLine.Running;

namespace ForegSyte.Client.Tests.CommandLine;

public sealed class ByteTextTests
{
    [Theory]
    [InlineData(0, "0 B")]
    [InlineData(999, "999 B")]
    [InlineData(1_000, "1 kB")]
    [InlineData(1_999, "1.99 kB")]
    [InlineData(4_194_304, "4.19 MB")]
    [InlineData(41_943_040, "41.9 MB")]
    [InlineData(999_999_999, "999 MB")]
    [InlineData(60_000_000_000, "60 GB")]
    [InlineData(1_234_000_000_000_000, "1234 TB")]
    public void Format_Bytes_HasThreeDigitsCutAndNotRounded(long bytes, string text) =>
        Assert.Equal(text, ByteText.Format(bytes));
}
