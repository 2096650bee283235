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

        // The boxes around it grow with it.
        foreach (var parent in (string[])["moov", "trak", "mdia", "minf", "stbl"])
        {
            var at = IndexOf(bytes, parent) - 4;
            Write(bytes, at, BinaryPrimitives.ReadInt32BigEndian(bytes.AsSpan(at)) + box.Length - oldSize);
        }

        return [.. bytes[..(type - 4)], .. box, .. bytes[(type - 4 + oldSize)..]];
    });

    private static void Edit(string path, Func<byte[], byte[]> edit) =>
        File.WriteAllBytes(path, edit(File.ReadAllBytes(path)));

    private static int IndexOf(byte[] bytes, string type) =>
        bytes.AsSpan().LastIndexOf(System.Text.Encoding.ASCII.GetBytes(type));

    private static void Write(byte[] bytes, int at, int number) =>
        BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(at), number);
}
