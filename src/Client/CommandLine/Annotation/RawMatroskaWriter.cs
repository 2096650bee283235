using System.Buffers.Binary;
using System.Text;

namespace ForegSyte.CommandLine.Annotation;

/// <summary>
/// Writes raw RGBA frames with their timestamps as a Matroska stream (RFC 9559), the simplest format that FFmpeg reads
/// from a pipe and that preserves a variable frame rate.
/// </summary>
internal sealed class RawMatroskaWriter(Stream destination)
{
    // Nanoseconds per timestamp tick: timestamps are in microseconds.
    private const int TimestampScaleNs = 1000;

    // "Unknown size": the segment ends with the stream.
    private static readonly byte[] UnknownSize = [0x01, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF];

    /// <summary>Writes the file header and the track.</summary>
    public async Task WriteHeaderAsync(DecodedFrame first, long? frameDurationNs, CancellationToken cancellationToken)
    {
        var head = Element(0x1A45DFA3, [.. Text(0x4282, "matroska"), .. Number(0x4287, 4), .. Number(0x4285, 2)]);
        var info = Element(0x1549A966,
        [
            .. Number(0x2AD7B1, TimestampScaleNs), .. Text(0x4D80, "ForegSyte"), .. Text(0x5741, "ForegSyte"),
        ]);
        byte[] aspect = first.PixelAspectNumerator > 0 && first.PixelAspectDenominator > 0
            ?
            [
                .. Number(0x54B0, (long)first.Width * first.PixelAspectNumerator / first.PixelAspectDenominator),
                .. Number(0x54BA, first.Height),
            ]
            : [];
        var video = Element(0xE0,
        [
            .. Number(0xB0, first.Width), .. Number(0xBA, first.Height), .. aspect, .. Text(0x2EB524, "RGBA"),
        ]);
        byte[] duration = frameDurationNs is { } nanoseconds ? Number(0x23E383, nanoseconds) : [];
        var track = Element(0xAE,
        [
            .. Number(0xD7, 1), .. Number(0x73C5, 1), .. Number(0x83, 1), .. Number(0x9C, 0),
            .. Text(0x86, "V_UNCOMPRESSED"), .. duration, .. video,
        ]);
        byte[] all = [.. head, .. Id(0x18538067), .. UnknownSize, .. info, .. Element(0x1654AE6B, track)];
        await destination.WriteAsync(all, cancellationToken);
    }

    /// <summary>
    /// Writes one frame as a cluster, because only the timestamp of a cluster has 64 bits.
    /// </summary>
    public async Task WriteFrameAsync(
        long timestampUs, ReadOnlyMemory<byte> pixels, CancellationToken cancellationToken)
    {
        // Track 1, 0 ticks after the cluster, a key frame.
        byte[] blockHead = [0x81, 0x00, 0x00, 0x80];
        byte[] block = [.. Id(0xA3), .. Size(blockHead.Length + pixels.Length), .. blockHead];
        var timestamp = Number(0xE7, timestampUs);
        var length = timestamp.Length + block.Length + pixels.Length;
        byte[] head = [.. Id(0x1F43B675), .. Size(length), .. timestamp, .. block];
        await destination.WriteAsync(head, cancellationToken);
        await destination.WriteAsync(pixels, cancellationToken);
    }

    private static byte[] Element(uint id, byte[] content) => [.. Id(id), .. Size(content.Length), .. content];

    private static byte[] Text(uint id, string text) => Element(id, Encoding.ASCII.GetBytes(text));

    private static byte[] Number(uint id, long value)
    {
        var bytes = new byte[8];
        BinaryPrimitives.WriteInt64BigEndian(bytes, value);
        return Element(id, bytes);
    }

    private static byte[] Id(uint id)
    {
        var bytes = new byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, id);
        return bytes[Array.FindIndex(bytes, value => value != 0)..];
    }

    // Eight bytes: a marker bit, then 56 bits of length.
    private static byte[] Size(long length)
    {
        var bytes = new byte[8];
        BinaryPrimitives.WriteInt64BigEndian(bytes, length);
        bytes[0] = 0x01;
        return bytes;
    }
}
