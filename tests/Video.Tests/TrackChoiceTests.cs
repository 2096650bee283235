using ForegSyte.V1;

namespace ForegSyte.Video.Tests;

/// <summary>The choice of the track among several.</summary>
public sealed class TrackChoiceTests
{
    [Theory]
    [InlineData("0 off,1 on", 1)]
    [InlineData("0 on,1 on", 0)]
    [InlineData("0 off,1 off", 0)]
    [InlineData("0 empty,1 off,2 on", 2)]
    [InlineData("0 empty,1 off", 1)]
    public void Choose_OfTracks_IsTheFirstEnabledOneWithSamplesOrTheFirst(string tracks, int chosen)
    {
        var table = new PacketTable(maxPackets: 10);
        foreach (var track in tracks.Split(',').Select(text => text.Split(' ')))
        {
            if (track[1] != "empty")
            {
                table.Add($"packet|stream_index={track[0]}|pts=0|dts=0|flags=K_");
            }

            table.Add($"stream|index={track[0]}|codec_name=h264|disposition:default={(track[1] == "off" ? 0 : 1)}");
        }

        Assert.Equal(chosen, table.Choose().StreamIndex);
    }

    /// <summary>FFmpeg takes auxiliary pictures (depth, transparency) for a video.</summary>
    [Theory]
    [InlineData(true, true, 0)]
    [InlineData(false, true, 1)]
    [InlineData(true, false, 0)]
    public void Choose_OfTracks_IsOneWithTheHandlerOfVideos(bool isFirst, bool isSecond, int chosen)
    {
        var table = TwoTracks();

        Assert.Equal(chosen, table.Choose([Boxes(1, isFirst), Boxes(2, isSecond)]).StreamIndex);
    }

    [Fact]
    public void Choose_NoTrackWithTheHandlerOfVideos_IsRefused()
    {
        var table = TwoTracks();

        var refusal = Assert.Throws<VideoRefusedException>(() => table.Choose([Boxes(1, false), Boxes(2, false)]));

        Assert.Equal(ErrorReason.NoVideoTrack, refusal.Reason);
    }

    [Fact]
    public void Choose_NoTrack_IsRefused() => Assert.Equal(
        ErrorReason.NoVideoTrack,
        Assert.Throws<VideoRefusedException>(() => new PacketTable(maxPackets: 10).Choose()).Reason);

    [Fact]
    public void Choose_OnlyEmptyTracks_IsRefused()
    {
        var table = new PacketTable(maxPackets: 10);
        table.Add("stream|index=0|codec_name=h264");

        Assert.Equal(ErrorReason.NoFrames, Assert.Throws<VideoRefusedException>(() => table.Choose()).Reason);
    }

    [Theory]
    [InlineData("encv", "")]
    [InlineData("drmi", "")]
    [InlineData("avc1", "|side_data|side_data_type=Encryption info")]
    public void Choose_EncryptedTrack_IsRefused(string tag, string packet)
    {
        var table = new PacketTable(maxPackets: 10);
        table.Add("packet|stream_index=0|pts=0|dts=0|flags=K_" + packet);
        table.Add("stream|index=0|codec_name=h264|codec_tag_string=" + tag);

        Assert.Equal(ErrorReason.EncryptedVideo, Assert.Throws<VideoRefusedException>(() => table.Choose()).Reason);
    }

    private static TrackBoxes Boxes(int id, bool isVideo) =>
        new(id, isVideo, HasEmptySamples: false, MayTellOrientation: false);

    private static PacketTable TwoTracks()
    {
        var table = new PacketTable(maxPackets: 10);
        for (var stream = 0; stream < 2; stream++)
        {
            table.Add(FormattableString.Invariant($"packet|stream_index={stream}|pts=0|dts=0|size=9|flags=K_"));
            table.Add(FormattableString.Invariant(
                $"stream|index={stream}|id=0x{stream + 1}|codec_name=h264|disposition:default={1 - stream}"));
        }

        return table;
    }
}
