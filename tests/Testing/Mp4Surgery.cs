using System.Buffers.Binary;
using System.Globalization;
using CliWrap;
using CliWrap.Buffered;

namespace ForegSyte.Testing;

/// <summary>Changes the bytes of MP4 files, for files that no encoder produces.</summary>
public static class Mp4Surgery
{
    /// <summary>Offset of the matrix from the type "tkhd", version 0 (ISO/IEC 14496-12, 8.3.2).</summary>
    private const int MatrixOffset = 4 + 40;

    private const int NoiseBytes = 4 << 20;

    private const int NoiseSeed = 7;

    /// <summary>Rotates the track clockwise: x' = a x + c y, y' = b x + d y, in 16.16 fixed point.</summary>
    public static void Rotate(string path, int clockwiseDegrees)
    {
        var (a, b, c, d) = clockwiseDegrees switch
        {
            90 => (0, 1, -1, 0),
            180 => (-1, 0, 0, -1),
            270 => (0, -1, 1, 0),
            _ => throw new ArgumentOutOfRangeException(nameof(clockwiseDegrees)),
        };
        var bytes = File.ReadAllBytes(path);
        var matrix = bytes.AsSpan(bytes.AsSpan().IndexOf("tkhd"u8) + MatrixOffset, 36);
        Write(matrix, 0, a);
        Write(matrix, 1, b);
        Write(matrix, 3, c);
        Write(matrix, 4, d);
        File.WriteAllBytes(path, bytes);

        static void Write(Span<byte> matrix, int cell, int value) =>
            BinaryPrimitives.WriteInt32BigEndian(matrix[(cell * 4)..], value << 16);
    }

    /// <summary>Removes the sync table, which says that every frame decodes independently.</summary>
    public static void RemoveSyncTable(string path)
    {
        var bytes = File.ReadAllBytes(path);
        "free"u8.CopyTo(bytes.AsSpan(OffsetOf(path, "stss"u8) + 4));
        File.WriteAllBytes(path, bytes);
    }

    /// <summary>Overwrites video packets, by their index in the file, with zeros.</summary>
    public static Task EraseFramesAsync(string path, params int[] packets) =>
        EraseAsync(path, packets, static extent => extent);

    /// <summary>Overwrites the second half of video packets, by their index in the file, with zeros.</summary>
    public static Task EraseFrameEndsAsync(string path, params int[] packets) =>
        EraseAsync(
            path, packets, static extent => (extent.Position + (extent.Size / 2), extent.Size - (extent.Size / 2)));

    /// <summary>Flips bits in the middle third of packets, counted from 0 in decode order.</summary>
    public static Task FlipBytesAsync(string path, params int[] packets) =>
        ChangeAsync(
            path, packets, static extent => (extent.Position + (extent.Size / 3), extent.Size / 3),
            static bytes =>
            {
                for (var at = 0; at < bytes.Length; at += 5)
                {
                    bytes.Span[at] ^= 1;
                }
            });

    private static Task EraseAsync(
        string path, int[] packets, Func<(int Position, int Size), (int Position, int Size)> part) =>
        ChangeAsync(path, packets, part, static bytes => bytes.Span.Clear());

    private static async Task ChangeAsync(
        string path, int[] packets, Func<(int Position, int Size), (int Position, int Size)> part,
        Action<Memory<byte>> change)
    {
        var listing = await Cli.Wrap("ffprobe")
            .WithArguments([
                "-v", "error", "-select_streams", "v:0", "-show_entries", "packet=pos,size", "-of", "csv=p=0", path])
            .ExecuteBufferedAsync();

        // ffprobe prints size before pos.
        var extents = listing.StandardOutput.Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => line.Split(',').Take(2))
            .Select(parts => parts.Select(text => int.Parse(text, CultureInfo.InvariantCulture)).ToArray())
            .Select(numbers => (Position: numbers[1], Size: numbers[0]))
            .ToArray();
        var bytes = await File.ReadAllBytesAsync(path);
        foreach (var packet in packets)
        {
            var (position, size) = part(extents[packet]);
            change(bytes.AsMemory(position, size));
        }

        await File.WriteAllBytesAsync(path, bytes);
    }

    /// <summary>
    /// Enlarges a video to a size by appending a "free" box of noise, which players skip (ISO/IEC 14496-12, 8.1.2).
    /// </summary>
    /// <returns>Offset of the noise.</returns>
    public static async Task<long> EnlargeAsync(
        string path, long sizeBytes, CancellationToken cancellationToken = default)
    {
        await using var file = new FileStream(path, FileMode.Append, FileAccess.Write, FileShare.None, bufferSize: 0);
        // 32-bit size 1, the type, then the size in 64 bits.
        var header = new byte[16];
        var left = sizeBytes - file.Length;
        ArgumentOutOfRangeException.ThrowIfLessThan(left, header.Length, nameof(sizeBytes));
        BinaryPrimitives.WriteUInt32BigEndian(header, 1);
        "free"u8.CopyTo(header.AsSpan(4));
        BinaryPrimitives.WriteInt64BigEndian(header.AsSpan(8), left);
        await file.WriteAsync(header, cancellationToken);
        var noiseStart = file.Length;
        var noise = new byte[NoiseBytes];
        new Random(NoiseSeed).NextBytes(noise);
        for (left -= header.Length; left > 0; left -= Math.Min(left, noise.Length))
        {
            await file.WriteAsync(noise.AsMemory(0, (int)Math.Min(left, noise.Length)), cancellationToken);
        }

        file.Flush(flushToDisk: true);
        return noiseStart;
    }

    /// <summary>Truncates a file.</summary>
    public static void Truncate(string path, long length)
    {
        using var file = File.OpenWrite(path);
        file.SetLength(length);
    }

    /// <summary>Offset of the first box of a type.</summary>
    public static int OffsetOf(string path, ReadOnlySpan<byte> type) =>
        File.ReadAllBytes(path).AsSpan().IndexOf(type) - 4;
}
