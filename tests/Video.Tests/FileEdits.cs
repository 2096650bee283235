using System.Buffers.Binary;

namespace ForegSyte.Video.Tests;

/// <summary>Edits of MP4 files that no muxer makes. The "moov" box must be the last one.</summary>
internal static class FileEdits
{
    /// <summary>Offset of the matrix from the type "tkhd", version 0 (ISO/IEC 14496-12, 8.3.2).</summary>
    private const int MatrixOffset = 4 + 40;

    /// <summary>Sets the linear part of the track's display matrix: x' = a x + c y, y' = b x + d y.</summary>
    public static void SetMatrix(string path, int a, int b, int c, int d) => Edit(path, bytes =>
    {
        var matrix = bytes.AsSpan(IndexOf(bytes, "tkhd") + MatrixOffset);
        foreach (var (cell, value) in ((int, int)[])[(0, a), (1, b), (3, c), (4, d)])
        {
            BinaryPrimitives.WriteInt32BigEndian(matrix[(cell * 4)..], value << 16);
        }

        return bytes;
    });

    /// <summary>
    /// Adds a display orientation (ITU-T H.265, D.2.17) to the configuration record of HEVC, counter-clockwise.
    /// </summary>
    public static void AddHevcOrientation(string path, int degrees) => Edit(path, bytes =>
    {
        var type = IndexOf(bytes, "hvcC");
        var bits = (degrees * 65536 / 360 << 5) | 0b11000;
        byte[] array = [39, 0, 1, 0, 8, 78, 1, 47, 3, (byte)(bits >> 16), (byte)(bits >> 8), (byte)bits, 0x80];
        var end = type - 4 + BinaryPrimitives.ReadInt32BigEndian(bytes.AsSpan(type - 4));
        bytes[type + 4 + 22]++;
        Grow(bytes, array.Length, "moov", "trak", "mdia", "minf", "stbl", "stsd", "hev1", "hvcC");
        return [.. bytes[..end], .. array, .. bytes[end..]];
    });

    /// <summary>Hides a box from readers.</summary>
    public static void Remove(string path, string type) => Edit(path, bytes =>
    {
        "free"u8.CopyTo(bytes.AsSpan(IndexOf(bytes, type)));
        return bytes;
    });

    /// <summary>Sets the duration of each sample, in ticks.</summary>
    public static void SetDurations(string path, IReadOnlyList<int> ticks) => Edit(path, bytes =>
    {
        var type = IndexOf(bytes, "stts");
        var oldSize = BinaryPrimitives.ReadInt32BigEndian(bytes.AsSpan(type - 4));
        var box = new byte[16 + (8 * ticks.Count)];
        Write(box, 0, box.Length);
        "stts"u8.CopyTo(box.AsSpan(4));
        Write(box, 12, ticks.Count);
        for (var sample = 0; sample < ticks.Count; sample++)
        {
            Write(box, 16 + (8 * sample), 1);
            Write(box, 20 + (8 * sample), ticks[sample]);
        }

        Grow(bytes, box.Length - oldSize, "moov", "trak", "mdia", "minf", "stbl");
        return [.. bytes[..(type - 4)], .. box, .. bytes[(type - 4 + oldSize)..]];
    });

    private static void Grow(byte[] bytes, int by, params string[] boxes)
    {
        foreach (var type in boxes)
        {
            var at = IndexOf(bytes, type) - 4;
            Write(bytes, at, BinaryPrimitives.ReadInt32BigEndian(bytes.AsSpan(at)) + by);
        }
    }

    private static void Edit(string path, Func<byte[], byte[]> edit) =>
        File.WriteAllBytes(path, edit(File.ReadAllBytes(path)));

    private static int IndexOf(byte[] bytes, string type) =>
        bytes.AsSpan().LastIndexOf(System.Text.Encoding.ASCII.GetBytes(type));

    private static void Write(byte[] bytes, int at, int number) =>
        BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(at), number);
}
