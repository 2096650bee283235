using System.Buffers.Binary;
using System.Text;

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

        var tracks = TrackBoxes.Read(file, maxSamples: 100, CancellationToken.None);

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

        Assert.Equal(expected, Read(bytes, maxSamples).Single().HasEmptySamples);
    }

    [Fact]
    public void Read_CutOrChangedFile_EndsWithoutAnError()
    {
        var bytes = File.ReadAllBytes(CaseFiles.PathOf("c16_two_video_tracks"));
        var movie = bytes.AsSpan().LastIndexOf("moov"u8) - 4;
        for (var at = movie; at < bytes.Length; at += 3)
        {
            Assert.InRange(Read(bytes[..at]).Count, 0, 2);
            var changed = bytes.ToArray();
            changed[at] ^= 0xFF;
            Assert.InRange(Read(changed).Count, 0, 2);
        }
    }

    [Fact]
    public void Read_MoreTracksThanTheMaximum_StopsThere()
    {
        var tracks = Enumerable.Range(0, TrackBoxes.MaxTracks + 10).SelectMany(_ => Box("trak"));

        Assert.Equal(TrackBoxes.MaxTracks, Read(Box("moov", [.. tracks])).Count);
    }

    /// <summary>A configuration record that cannot be read may turn the frames.</summary>
    [Theory]
    [InlineData(0, false)]
    [InlineData(1, true)]
    public void Read_ConfigurationOfHevc_SaysWhetherItMayTurnTheFrames(byte arrays, bool expected)
    {
        var record = new byte[23];
        record[^1] = arrays;
        byte[] entry = [.. new byte[78], .. Box("hvcC", record)];
        byte[] description = [.. new byte[8], .. Box("hvc1", entry)];
        var table = Box("stbl", Box("stsd", description));
        var file = Box("moov", Box("trak", Box("mdia", Box("minf", table))));

        Assert.Equal(expected, Read(file).Single().MayTellOrientation);
    }

    [Fact]
    public void Read_Cancelled_Ends()
    {
        using var file = new CancellingStream();

        Assert.Throws<OperationCanceledException>(() => TrackBoxes.Read(file, int.MaxValue, file.Token));

        Assert.Equal(1, file.Reads);
    }

    private static IReadOnlyList<TrackBoxes> Read(byte[] file, int maxSamples = 100) =>
        TrackBoxes.Read(new MemoryStream(file), maxSamples, CancellationToken.None);

    private static byte[] Box(string type, params byte[] content)
    {
        var size = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(size, 8 + content.Length);
        return [.. size, .. Encoding.ASCII.GetBytes(type), .. content];
    }

    /// <summary>A movie that cancels its reader at the first read.</summary>
    private sealed class CancellingStream() : MemoryStream(Box("moov", Box("trak")))
    {
        private readonly CancellationTokenSource _cancellation = new();

        public CancellationToken Token => _cancellation.Token;

        public int Reads { get; private set; }

        public override int Read(Span<byte> buffer)
        {
            Reads++;
            _cancellation.Cancel();
            return base.Read(buffer);
        }

        protected override void Dispose(bool disposing)
        {
            _cancellation.Dispose();
            base.Dispose(disposing);
        }
    }
}
