namespace ForegSyte.Fuzz.Tests.Corpus;

/// <summary>Wrong values in the index: sample tables, edit lists, durations, dimensions.</summary>
internal static class Tables
{
    private const uint Most = 0xFFFF_FFFF;
    private const uint Negative = 0x8000_0000;

    /// <summary>Boxes, offsets in their payload, and the wrong values.</summary>
    private static readonly (string What, string Type, int Offset, uint Value)[] WrongValues =
    [
        ("more sizes than there are", "stsz", 8, Most),
        ("no sizes", "stsz", 8, 0),
        ("two billion sizes", "stsz", 8, 1u << 31),
        ("one huge frame size", "stsz", 12, Most),
        ("all frames of 4 GB", "stsz", 4, Most),
        ("all frames of a byte", "stsz", 4, 1),
        ("negative frame size", "stsz", 12, Negative),
        ("chunk past the end", "stco", 8, Most),
        ("chunk at the header", "stco", 8, 0),
        ("chunk in the middle", "stco", 8, 99_999),
        ("more chunks than there are", "stco", 4, Most),
        ("no chunks", "stco", 4, 0),
        ("more times than there are", "stts", 4, Most),
        ("no times", "stts", 4, 0),
        ("four billion frames of one time", "stts", 8, Most),
        ("frames of no time", "stts", 12, 0),
        ("frames of two days", "stts", 12, Most),
        ("frames of negative time", "stts", 12, Negative),
        ("more shifts than there are", "ctts", 4, Most),
        ("a shift of four billion", "ctts", 12, Most),
        ("a negative shift", "ctts", 12, Negative),
        ("no shifts", "ctts", 4, 0),
        ("more key frames than there are", "stss", 4, Most),
        ("no key frames", "stss", 4, 0),
        ("a key frame past the end", "stss", 8, Most),
        ("a key frame before the first", "stss", 8, 0),
        ("more groups of chunks than there are", "stsc", 4, Most),
        ("a first chunk of 0", "stsc", 8, 0),
        ("four billion frames a chunk", "stsc", 12, Most),
        ("no frame a chunk", "stsc", 12, 0),
        ("frames of a description that is not there", "stsc", 16, 77),
        ("more edits than there are", "elst", 4, Most),
        ("no edits", "elst", 4, 0),
        ("an empty edit alone", "elst", 12, Most),
        ("an edit of no length", "elst", 8, 0),
        ("an edit of four billion", "elst", 8, Most),
        ("an edit far in the future", "elst", 12, 0x7FFF_FFFF),
        ("an edit of negative rate", "elst", 16, 0xFFFF_0000),
        ("an edit of no rate", "elst", 16, 0),
        ("a version of edits that is not there", "elst", 0, Most),
        ("a time scale of 0", "mdhd", 12, 0),
        ("a time scale of four billion", "mdhd", 12, Most),
        ("a negative time scale", "mdhd", 12, Negative),
        ("a duration of four billion", "mdhd", 16, Most),
        ("a media header of another version", "mdhd", 0, 0x0100_0000),
        ("a movie without a time scale", "mvhd", 12, 0),
        ("a movie with a time scale of four billion", "mvhd", 12, Most),
        ("a movie of negative duration", "mvhd", 16, Negative),
        ("a track of number 0", "tkhd", 12, 0),
        ("a track that is turned by noise", "tkhd", 40, 0x1234_5678),
        ("a track without a matrix", "tkhd", 40, 0),
        ("a track that is far larger than its frames", "tkhd", 76, Most),
        ("frames of 65535 x 65535", "stsd", 40, Most),
        ("frames of 0 x 0", "stsd", 40, 0),
        ("frames of 65535 x 1", "stsd", 40, 0xFFFF_0001),
        ("frames of 32768 x 32768", "stsd", 40, 0x8000_8000),
        ("more descriptions than there are", "stsd", 4, Most),
        ("no description", "stsd", 4, 0),
        ("a description of 0 bytes", "stsd", 8, 0),
        ("a description of 4 GB", "stsd", 8, Most),
        ("more references than there are", "dref", 4, Most),
        ("no reference", "dref", 4, 0),
        ("a handler of sound", "hdlr", 8, 0x736F_756E),
        ("no handler", "hdlr", 8, 0),
    ];

    public static IEnumerable<BrokenVideo> Make()
    {
        foreach (var (what, type, offset, value) in WrongValues)
        {
            yield return new BrokenVideo($"{type}: {what}", Sample.After(type, box => box.With(offset, value)));
        }

        yield return new BrokenVideo("stts: every time another", Sample.After("stts", Descending));
        yield return new BrokenVideo("elst: ten thousand edits", Sample.After("elst", ManyEdits));
        yield return new BrokenVideo(
            "mvhd: a duration of 2^63 in 64 bits",
            Sample.After("mvhd", box => box.Payload = LongHeader(box.Payload)));
        yield return new BrokenVideo(
            "stco: offsets of 64 bits past what they can be", Sample.After("stco", box =>
            {
                box.Type = "co64";
                box.Payload = [0, 0, 0, 0, 0, 0, 0, 1, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF];
            }));
    }

    private static void Descending(Mp4Part times)
    {
        List<byte> table = [0, 0, 0, 0, 0, 0, 0, 100];
        for (byte number = 100; number > 0; number--)
        {
            table.AddRange([0, 0, 0, 1, number, 0, number, 0]);
        }

        times.Payload = [.. table];
    }

    private static void ManyEdits(Mp4Part edits)
    {
        const int Count = 10_000;
        List<byte> list = [0, 0, 0, 0, 0, 0, Count >> 8, Count & 0xFF];
        for (var number = 0; number < Count; number++)
        {
            list.AddRange([0, 0, 0, 40, 0, 0, (byte)(number % 11), 0, 0, 1, 0, 0]);
        }

        edits.Payload = [.. list];
    }

    /// <summary>Version 1: times, time scale and duration in 64 bits (8.2.2), then the fields of version 0.</summary>
    private static byte[] LongHeader(byte[] header) =>
    [
        1, 0, 0, 0, .. new byte[16], 0, 0, 3, 0xE8, 0x80, 0, 0, 0, 0, 0, 0, 0, .. header.AsSpan(20),
    ];
}

/// <summary>Boxes with wrong sizes, in 32 and 64 bits.</summary>
internal static class Sizes
{
    private static readonly uint[] Small = [0, 1, 2, 7, 8, 0x7FFF_FFFF, 0xFFFF_FFFF];

    private static readonly ulong[] Large =
        [0, 15, 16, uint.MaxValue, long.MaxValue, long.MaxValue - 7, ulong.MaxValue, 1UL << 63];

    public static IEnumerable<BrokenVideo> Make()
    {
        foreach (var type in (string[])["ftyp", "mdat", "moov", "trak", "stbl", "stsd", "stsz"])
        {
            foreach (var size in Small)
            {
                yield return new BrokenVideo(
                    FormattableString.Invariant($"{type} of {size} bytes"),
                    Sample.After(type, box => box.HeaderSize = size));
            }
        }

        foreach (var type in (string[])["mdat", "moov", "mdia"])
        {
            foreach (var size in Large)
            {
                yield return new BrokenVideo(
                    FormattableString.Invariant($"{type} of {size} bytes in 64 bits"),
                    Sample.After(type, box => box.HeaderLargeSize = size));
            }
        }

        yield return new BrokenVideo(
            "a thousand nested boxes", Sample.After(parts => parts.Add(Nested("udta", 1_000))));
        yield return new BrokenVideo(
            "twenty thousand nested boxes in the index",
            Sample.After(parts => parts.Find("moov").Children.Add(Nested("meta", 20_000))));
        yield return new BrokenVideo(
            "nested movies", Sample.After(parts => parts.Find("moov").Children.Add(Nested("moov", 500))));
        yield return new BrokenVideo(
            "nested tracks", Sample.After(parts => parts.Find("trak").Children.Add(Nested("trak", 500))));
        yield return new BrokenVideo(
            "a hundred thousand empty boxes",
            Sample.After(parts => parts.AddRange(Enumerable.Repeat(new Mp4Part("free"), 100_000))));
    }

    /// <summary>Nested boxes as bytes: building a tree this deep would overflow the stack.</summary>
    private static Mp4Part Nested(string type, int depth)
    {
        var bytes = new byte[depth * 8];
        for (var level = 0; level < depth; level++)
        {
            var header = bytes.AsSpan(level * 8);
            System.Buffers.Binary.BinaryPrimitives.WriteInt32BigEndian(header, bytes.Length - (level * 8));
            System.Text.Encoding.Latin1.GetBytes(type, header[4..]);
        }

        return new Mp4Part(type) { Payload = bytes };
    }
}
