using ForegSyte.V1;

namespace ForegSyte.Video.Tests;

/// <summary>The index of files of unusual kinds.</summary>
public sealed class CaseIndexTests
{
    [Theory]
    [InlineData("c06_video_starts_late", 60, 1)]
    [InlineData("c08_duplicate_timestamps", 60, 1)]
    [InlineData("c15_resolution_change", 48, 1)]
    [InlineData("c16_two_video_tracks", 60, 2)]
    [InlineData("c17_cover_first", 60, 1)]
    [InlineData("c21_zero_duration", 1, 1)]
    [InlineData("c31c_trailing_crlf", 60, 1)]
    [InlineData("c47_mirrored", 60, 1)]
    [InlineData("c49_first_track_empty", 60, 2)]
    public async Task Read_File_HasTheTrackAndItsFrames(string name, int frames, int track)
    {
        var info = (await PlainFfprobe.IndexAsync(CaseFiles.PathOf(name))).Info;

        Assert.Equal((320, 176, frames, track), (info.Width, info.Height, info.FrameCount, info.TrackId));
    }

    [Fact]
    public async Task Read_VideoThatBeginsAfterTheSound_HasItsTimesFromTheStartOfTheSound()
    {
        var index = await PlainFfprobe.IndexAsync(CaseFiles.PathOf("c06_video_starts_late"));

        Assert.Equal(TimeSpan.FromSeconds(0.5), index.Info.StartTime.ToTimeSpan());
        Assert.Equal([500u, 540u, 580u], Enumerable.Range(0, 3).Select(index.TimestampMs));
    }

    [Fact]
    public async Task Read_DuplicateTimestamps_AreFramesAndAWarning()
    {
        var index = await PlainFfprobe.IndexAsync(CaseFiles.PathOf("c08_duplicate_timestamps"));

        Assert.Equal(
            [(WarningReason.TimestampsLost, 11L)], index.Warnings.Select(warning => (warning.Reason, warning.Count)));
        Assert.Equal((160u, 160u, 200u), (index.TimestampMs(4), index.TimestampMs(5), index.TimestampMs(6)));
        Assert.False(index.HasReliableTimestamps, "Two frames have one timestamp.");
        Assert.Equal(0, index.KeyFrames.First());
    }

    [Fact]
    public async Task Read_BytesAfterTheLastBox_AreAWarning()
    {
        var index = await PlainFfprobe.IndexAsync(CaseFiles.PathOf("c31c_trailing_crlf"));

        Assert.Equal(
            [(WarningReason.TrailingBytes, 2L)], index.Warnings.Select(warning => (warning.Reason, warning.Count)));
    }

    [Fact]
    public async Task Read_GapOfTwoHours_KeepsTheTimes()
    {
        var index = await PlainFfprobe.IndexAsync(CaseFiles.PathOf("c53_gap_2h"));

        Assert.Equal(
            [0u, 40u, 80u, 7_200_120u, 7_200_160u, 7_200_200u],
            Enumerable.Range(0, index.FrameCount).Select(index.TimestampMs));
        Assert.Empty(index.Warnings);
    }

    [Fact]
    public async Task Read_OneFrameOfDurationZero_IsAVideo()
    {
        var info = (await PlainFfprobe.IndexAsync(CaseFiles.PathOf("c21_zero_duration"))).Info;

        Assert.Equal(1, info.FrameCount);
        Assert.True(double.IsFinite(info.FrameRate), "A frame rate is a number.");
    }

    [Fact]
    public async Task Read_PixelsThatAreNotSquare_HaveTheExactRatio()
    {
        var ratio = (await PlainFfprobe.IndexAsync(CaseFiles.PathOf("c13_sar43"))).Info.PixelAspectRatio;

        Assert.Equal((4, 3), (ratio.Width, ratio.Height));
    }

    [Fact]
    public async Task Read_MirroredFrames_AreNotRotated()
    {
        var info = (await PlainFfprobe.IndexAsync(CaseFiles.PathOf("c47_mirrored"))).Info;

        Assert.Equal((true, 0), (info.Mirrored, info.RotationDegrees));
    }

    [Fact]
    public async Task Read_Hdr_HasItsTransfer() => Assert.Equal(
        "smpte2084", (await PlainFfprobe.IndexAsync(CaseFiles.PathOf("c09c_hdr_pq_white203"))).Info.ColorTransfer);

    [Fact]
    public async Task Read_EncryptedFrames_AreRefused()
    {
        var refusal = await Assert.ThrowsAsync<VideoRefusedException>(
            () => PlainFfprobe.IndexAsync(CaseFiles.PathOf("c46_cenc")));

        Assert.Equal(ErrorReason.EncryptedVideo, refusal.Reason);
    }
}
