using System.Buffers.Binary;
using System.Text;

namespace ForegSyte.Fuzz.Tests.Corpus;

/// <summary>
/// A box of an MP4 (ISO/IEC 14496-12, 4.2) that can be changed: what it holds, what is in it, what it says of its size.
/// </summary>
/// <param name="type">Four characters.</param>
internal sealed class Mp4Part(string type)
{
    private static readonly string[] Containers = ["moov", "trak", "edts", "mdia", "minf", "dinf", "stbl", "udta"];

    /// <summary>Four characters.</summary>
    public string Type { get; set; } = type;

    /// <summary>What follows the header, where the box has no boxes in it.</summary>
    public byte[] Payload { get; set; } = [];

    /// <summary>The boxes in it.</summary>
    public List<Mp4Part> Children { get; private init; } = [];

    /// <summary>The size that the header tells, where that is a lie.</summary>
    public uint? ToldSize { get; set; }

    /// <summary>The 64-bit size that the header tells in the place of a 32-bit one.</summary>
    public ulong? ToldLargeSize { get; set; }

    /// <summary>The boxes of a file, or of a part of one.</summary>
    public static List<Mp4Part> Parse(ReadOnlySpan<byte> bytes)
    {
        List<Mp4Part> parts = [];
        while (bytes.Length >= 8)
        {
            var size = BinaryPrimitives.ReadInt32BigEndian(bytes);
            var part = new Mp4Part(Encoding.Latin1.GetString(bytes[4..8]));
            if (Containers.Contains(part.Type))
            {
                part.Children.AddRange(Parse(bytes[8..size]));
            }
            else
            {
                part.Payload = bytes[8..size].ToArray();
            }

            parts.Add(part);
            bytes = bytes[size..];
        }

        return parts;
    }

    /// <summary>The bytes of boxes, one after the other.</summary>
    public static byte[] ToBytes(IEnumerable<Mp4Part> parts) => [.. parts.SelectMany(part => part.ToBytes())];

    /// <summary>This box and all in it.</summary>
    public IEnumerable<Mp4Part> All() => Children.SelectMany(child => child.All()).Prepend(this);

    /// <summary>Writes a number into the payload, where it fits.</summary>
    public Mp4Part With(int offset, uint value)
    {
        BinaryPrimitives.WriteUInt32BigEndian(Payload.AsSpan(offset), value);
        return this;
    }

    private byte[] ToBytes()
    {
        byte[] content = Children.Count > 0 ? ToBytes(Children) : Payload;
        var isLarge = ToldLargeSize is not null;
        var header = new byte[isLarge ? 16 : 8];
        BinaryPrimitives.WriteUInt32BigEndian(header, isLarge ? 1 : ToldSize ?? (uint)(content.Length + 8));
        Encoding.Latin1.GetBytes(Type, header.AsSpan(4));
        if (ToldLargeSize is { } large)
        {
            BinaryPrimitives.WriteUInt64BigEndian(header.AsSpan(8), large);
        }

        return [.. header, .. content];
    }
}
