using ForegSyte.CommandLine.Annotation;

namespace ForegSyte.Client.Tests.Annotation;

public sealed class ShowInfoParserTests
{
    private const string Configuration =
        "[Parsed_showinfo_0 @ 0x5609] config in time_base: 1/30000, frame_rate: 30000/1001";

    [Fact]
    public void Parse_FrameLine_GivesTimeAndSize()
    {
        var parser = new ShowInfoParser();
        Assert.Null(parser.Parse(Configuration));

        var frame = parser.Parse(
            "[Parsed_showinfo_0 @ 0x5609] n:  12 pts:  12012 pts_time:0.4004  pos:   705 fmt:yuv420p sar:4/3 "
            + "s:768x576 i:P ");

        Assert.Equal(new DecodedFrame(400_400, 768, 576, 4, 3), frame);
        Assert.Equal(33_366_666, parser.FrameDurationNs);
    }

    [Fact]
    public void Parse_OtherLine_GivesNothing() =>
        Assert.Null(new ShowInfoParser().Parse("[Parsed_showinfo_0 @ 0x5609] color_range:unknown"));

    [Fact]
    public void Parse_FrameWithoutTimestamp_Fails()
    {
        var parser = new ShowInfoParser();
        parser.Parse(Configuration);

        Assert.Throws<FormatException>(() => parser.Parse(
            "[Parsed_showinfo_0 @ 0x5609] n: 0 pts:NOPTS pts_time:NOPTS pos: 1 fmt:yuv420p sar:0/1 s:768x576 i:P "));
    }
}
