namespace ForegSyte.Video.Tests;

/// <summary>Parsing of the lines that FFmpeg writes for frames.</summary>
public sealed class ShowInfoLineTests
{
    private const string Frame = "[Parsed_showinfo_0 @ 0x55] [info] n:   3 pts:   1536 pts_time:0.12    pos:     5793 "
        + "fmt:yuv420p sar:1/1 s:320x176 i:P iskey:0 type:P ";

    [Theory]
    [InlineData("[Parsed_showinfo_2 @ 0x55c7899a4e80] [info] n:   0 pts:  10240 pts_time:1       pos: 9", 10240L)]
    [InlineData("[Parsed_showinfo_12 @ 0x1] [info] n:1234 pts:-512 pts_time:-0.04", -512L)]
    [InlineData("[Parsed_showinfo_3 @ 0x1] [info] n:   7 pts:NOPTS pts_time:NOPTS", null)]
    [InlineData("[h264 @ 0x55f4] [warning] Late SEIn:  30 pts:  15872 pts_time:1.24    pos:   112211", 15872L)]
    public void TryRead_LineOfAFrame_GivesItsTicks(string line, long? expected)
    {
        Assert.Equal((true, expected), (ShowInfoLine.TryRead(line, out var frame), frame.Ticks));
    }

    [Theory]
    [InlineData(Frame, false)]
    [InlineData(Frame + "error while decoding MB 3 4, bytestream -5", true)]
    [InlineData("[Parsed_showinfo_2 @ 0x1] [info] n:   0 pts:NOPTS pts_time:NOPTS pos:       -1 fmt:rgb24 ", false)]
    [InlineData("[Parsed_showinfo_2 @ 0x1] [info] color_range:pc color_space:gbr", false)]
    [InlineData("[Parsed_showinfo_2 @ 0x1] [info] color_range:pcconcealing 30 DC errors in P frame", true)]
    [InlineData("[Parsed_showinfo_2 @ 0x1] [info] config in time_base: 1/10240, frame_rate: 10/1", false)]
    [InlineData("[Parsed_showinfo_2 @ 0x1] [info]   side data - User Data Unregistered", false)]
    [InlineData("[info]     title : [Parsed_showinfo_2 @ 0x1] [info] n:   0 pts: 1 pts_time:1 x", false)]
    public void HasMessageBehind_Line_IsWhetherMoreThanKeysAndValuesFollow(string line, bool expected) =>
        Assert.Equal(expected, ShowInfoLine.HasMessageBehind(line));

    [Theory]
    [InlineData("[Parsed_showinfo_2 @ 0x1] [info] config in time_base: 1/10240, frame_rate: 10/1")]
    [InlineData("[Parsed_showinfo_2 @ 0x1] [info] color_range:pc color_space:gbr")]
    [InlineData("[info]     title : [Parsed_showinfo_2 @ 0x1] [info] n:   0 pts:  10240 pts_time:1")]
    [InlineData("[info]     title : x @ 0x1] n:   0 pts:  10240 pts_time:1")]
    [InlineData("[h264 @ 0x55f4] [warning] Late SEI is not implemented.")]
    [InlineData("")]
    public void TryRead_OtherLine_IsNotAFrame(string line) =>
        Assert.False(ShowInfoLine.TryRead(line, out _), $"Not a line about a frame: {line}");
}
