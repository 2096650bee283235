namespace ForegSyte.Video.Tests;

/// <summary>Limits on the text of a child process.</summary>
public sealed class LogTextTests
{
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
}
