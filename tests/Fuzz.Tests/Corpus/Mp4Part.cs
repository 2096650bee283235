using System.Buffers.Binary;
using System.Text;

namespace ForegSyte.Fuzz.Tests.Corpus;

/// <summary>
/// An editable MP4 box (ISO/IEC 14496-12, 4.2), whose header can give a wrong size.
/// </summary>
/// <param name="type">Four characters.</param>
internal sealed class Mp4Part(string type)
{
    private static readonly string[] Containers = ["moov", "trak", "edts", "mdia", "minf", "dinf", "stbl", "udta"];

    /// <summary>Four characters.</summary>
    public string Type { get; set; } = type;

    /// <summary>Content of a box without children.</summary>
    public byte[] Payload { get; set; } = [];

    public List<Mp4Part> Children { get; private init; } = [];

    /// <summary>A wrong size for the header.</summary>
    public uint? HeaderSize { get; set; }

    /// <summary>A 64-bit size for the header.</summary>
    public ulong? HeaderLargeSize { get; set; }

    /// <summary>Parses the boxes of a file or a container.</summary>
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

    /// <summary>Serializes boxes.</summary>
    public static byte[] ToBytes(IEnumerable<Mp4Part> parts) => [.. parts.SelectMany(part => part.ToBytes())];

    /// <summary>This box and its descendants.</summary>
    public IEnumerable<Mp4Part> All() => Children.SelectMany(child => child.All()).Prepend(this);

    /// <summary>Writes a number into the payload.</summary>
    public Mp4Part With(int offset, uint value)
    {
        BinaryPrimitives.WriteUInt32BigEndian(Payload.AsSpan(offset), value);
        return this;
    }

    private byte[] ToBytes()
    {
        byte[] content = Children.Count > 0 ? ToBytes(Children) : Payload;
        var isLarge = HeaderLargeSize is not null;
        var header = new byte[isLarge ? 16 : 8];
        BinaryPrimitives.WriteUInt32BigEndian(header, isLarge ? 1 : HeaderSize ?? (uint)(content.Length + 8));
        Encoding.Latin1.GetBytes(Type, header.AsSpan(4));
        if (HeaderLargeSize is { } large)
        {
            BinaryPrimitives.WriteUInt64BigEndian(header.AsSpan(8), large);
        }

        return [.. header, .. content];
    }
}
