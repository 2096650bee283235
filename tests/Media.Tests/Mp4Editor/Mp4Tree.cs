using System.Buffers.Binary;
using System.Text;

namespace ForegSyte.Media.Tests.Mp4Editor;

/// <summary>A box of an MP4 (ISO/IEC 14496-12, 4.2): a type and either bytes or, behind some bytes, boxes.</summary>
internal sealed class Mp4Node
{
    private const int HeaderLength = 8;
    private const int VisualEntryLength = 78;

    /// <summary>Boxes of boxes, with the number of bytes before the first of them.</summary>
    private static readonly Dictionary<string, int> Containers = new()
    {
        ["moov"] = 0,
        ["trak"] = 0,
        ["mdia"] = 0,
        ["minf"] = 0,
        ["stbl"] = 0,
        ["edts"] = 0,
        ["udta"] = 0,
        ["dinf"] = 0,
        ["mvex"] = 0,
        ["moof"] = 0,
        ["traf"] = 0,
        ["tref"] = 0,
        ["sinf"] = 0,
        ["schi"] = 0,
        ["stsd"] = 8,
        ["avc1"] = VisualEntryLength,
        ["avc3"] = VisualEntryLength,
        ["encv"] = VisualEntryLength,
        ["hvc1"] = VisualEntryLength,
        ["hev1"] = VisualEntryLength,
        ["av01"] = VisualEntryLength,
        ["vp09"] = VisualEntryLength,
        ["mp4v"] = VisualEntryLength,
    };

    public Mp4Node(string type, byte[] payload)
    {
        Type = type;
        var head = Containers.GetValueOrDefault(type, -1);
        if (head < 0 || payload.Length < head)
        {
            Payload = payload;
            return;
        }

        Payload = payload[..head];
        Children = [];
        for (var at = head; payload.Length - at >= HeaderLength;)
        {
            var (childType, start, end) = Header(payload, at);
            Children.Add(new Mp4Node(childType, payload[start..end]));
            at = end;
        }
    }

    public string Type { get; set; }

    /// <summary>Its bytes; of a box of boxes, those before the first one.</summary>
    public byte[] Payload { get; set; }

    /// <summary>The boxes in it; null if it has bytes only.</summary>
    public List<Mp4Node>? Children { get; }

    /// <summary>The only box at a path below this one, for example "mdia/minf/stbl/stts".</summary>
    public Mp4Node this[string path] =>
        path.Split('/').Aggregate(this, (box, type) => box.Children!.First(child => child.Type == type));

    public IEnumerable<Mp4Node> All(string type) => Children!.Where(child => child.Type == type);

    public Mp4Node Clone() => new(Type, Content());

    public byte[] ToBytes()
    {
        var content = Content();
        var bytes = new byte[HeaderLength + content.Length];
        BinaryPrimitives.WriteInt32BigEndian(bytes, bytes.Length);
        Encoding.Latin1.GetBytes(Type, bytes.AsSpan(4));
        content.CopyTo(bytes.AsSpan(HeaderLength));
        return bytes;
    }

    /// <summary>The 32-bit number at an offset of its bytes.</summary>
    public uint Number(int offset) => BinaryPrimitives.ReadUInt32BigEndian(Payload.AsSpan(offset));

    /// <summary>Replaces the 32-bit number at an offset of its bytes.</summary>
    public void Set(int offset, uint value) => BinaryPrimitives.WriteUInt32BigEndian(Payload.AsSpan(offset), value);

    /// <summary>Makes the payload of a table: version and flags, the number of entries, the entries.</summary>
    public static byte[] Table(int entries, IEnumerable<uint> numbers)
    {
        uint[] all = [0, (uint)entries, .. numbers];
        var bytes = new byte[all.Length * 4];
        foreach (var (index, number) in all.Index())
        {
            BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(index * 4), number);
        }

        return bytes;
    }

    /// <summary>Type, start and end of the payload of the box at an offset.</summary>
    public static (string Type, int Start, int End) Header(byte[] bytes, int at)
    {
        var size = BinaryPrimitives.ReadUInt32BigEndian(bytes.AsSpan(at));
        var type = Encoding.Latin1.GetString(bytes, at + 4, 4);
        return size switch
        {
            0 => (type, at + HeaderLength, bytes.Length),
            1 => (type, at + 16, at + (int)BinaryPrimitives.ReadUInt64BigEndian(bytes.AsSpan(at + HeaderLength))),
            _ => (type, at + HeaderLength, at + (int)size),
        };
    }

    private byte[] Content() =>
        Children is null ? Payload : [.. Payload, .. Children.SelectMany(child => child.ToBytes())];
}

/// <summary>A whole MP4 that tests edit; chunk offsets follow the frames wherever they move.</summary>
internal sealed class Mp4Tree
{
    private readonly List<(long Start, long End)> _oldData = [];

    private Mp4Tree(byte[] bytes)
    {
        for (var at = 0; at < bytes.Length;)
        {
            var (type, start, end) = Mp4Node.Header(bytes, at);
            Boxes.Add(new Mp4Node(type, bytes[start..end]));
            if (type == "mdat")
            {
                _oldData.Add((start, end));
            }

            at = end;
        }
    }

    /// <summary>Removes a fragment, counted from 0: its header and its frames.</summary>
    public static void RemoveFragment(string path, int fragment)
    {
        var bytes = File.ReadAllBytes(path);
        var kept = new List<byte>();
        var fragments = 0;
        for (var at = 0; at < bytes.Length;)
        {
            var (type, _, end) = Mp4Node.Header(bytes, at);
            fragments += type == "moof" ? 1 : 0;
            if (fragments != fragment + 1 && type is not ("mfra" or "sidx"))
            {
                kept.AddRange(bytes[at..end]);
            }

            at = end;
        }

        File.WriteAllBytes(path, [.. kept]);
    }

    /// <summary>The boxes of the file.</summary>
    public List<Mp4Node> Boxes { get; } = [];

    public Mp4Node Movie => Boxes.First(box => box.Type == "moov");

    /// <summary>A track, counted from 0 in the order of the file.</summary>
    public Mp4Node Track(int number = 0) => Movie.All("trak").ElementAt(number);

    public static void Edit(string path, Action<Mp4Tree> edit)
    {
        var tree = new Mp4Tree(File.ReadAllBytes(path));
        edit(tree);
        File.WriteAllBytes(path, tree.ToBytes());
    }

    private byte[] ToBytes()
    {
        var shift = new List<(long Start, long End, long By)>();
        var at = 0L;
        foreach (var box in Boxes)
        {
            if (box.Type == "mdat")
            {
                var (start, end) = _oldData[shift.Count];
                shift.Add((start, end, at + 8 - start));
            }

            at += box.ToBytes().Length;
        }

        foreach (var offsets in Boxes.Where(box => box.Type == "moov")
            .SelectMany(movie => movie.All("trak"))
            .SelectMany(track => track["mdia/minf/stbl"].All("stco")))
        {
            for (var entry = 8; entry < offsets.Payload.Length; entry += 4)
            {
                var old = offsets.Number(entry);
                var by = shift.FirstOrDefault(data => data.Start <= old && old < data.End).By;
                offsets.Set(entry, (uint)(old + by));
            }
        }

        return [.. Boxes.SelectMany(box => box.ToBytes())];
    }
}
