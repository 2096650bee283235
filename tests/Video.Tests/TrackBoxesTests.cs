namespace ForegSyte.Video.Tests;

/// <summary>What the boxes of the tracks tell, also of files that contradict themselves.</summary>
public sealed class TrackBoxesTests
{
    [Theory]
    [InlineData("c16_two_video_tracks", "1 True, 2 True")]
    [InlineData("c17_cover_first", "1 True")]
    [InlineData("c06_video_starts_late", "1 True, 2 False")]
    public void Read_File_TellsIdsAndHandlers(string name, string expected)
    {
        using var file = File.OpenRead(CaseFiles.PathOf(name));

        var tracks = TrackBoxes.Read(file, maxSamples: 100);

        Assert.Equal(expected, string.Join(", ", tracks.Select(track => $"{track.Id} {track.IsVideo}")));
        Assert.All(tracks, track => Assert.False(track.HasEmptySamples, "No sample is empty."));
    }

    [Theory]
    [InlineData(60, true)]
    [InlineData(59, false)]
    public void Read_EmptySample_IsFoundWithinTheLimit(int maxSamples, bool expected)
    {
        var bytes = File.ReadAllBytes(CaseFiles.PathOf("c47_mirrored"));
        var sizes = bytes.AsSpan().LastIndexOf("stsz"u8);
        bytes.AsSpan(sizes + 16 + (4 * 59), 4).Clear();

        Assert.Equal(expected, TrackBoxes.Read(new MemoryStream(bytes), maxSamples).Single().HasEmptySamples);
    }

    [Fact]
    public void Read_CutOrChangedFile_EndsWithoutAnError()
    {
        var bytes = File.ReadAllBytes(CaseFiles.PathOf("c16_two_video_tracks"));
        var movie = bytes.AsSpan().LastIndexOf("moov"u8) - 4;
        for (var at = movie; at < bytes.Length; at += 3)
        {
            Assert.InRange(TrackBoxes.Read(new MemoryStream(bytes[..at]), 100).Count, 0, 2);
            var changed = bytes.ToArray();
            changed[at] ^= 0xFF;
            Assert.InRange(TrackBoxes.Read(new MemoryStream(changed), 100).Count, 0, 2);
        }
    }
}
