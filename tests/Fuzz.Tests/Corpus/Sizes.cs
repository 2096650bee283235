namespace ForegSyte.Fuzz.Tests.Corpus;

/// <summary>Boxes that lie about their size, in 32 and in 64 bits.</summary>
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
                    Sample.After(type, box => box.ToldSize = size));
            }
        }

        foreach (var type in (string[])["mdat", "moov", "mdia"])
        {
            foreach (var size in Large)
            {
                yield return new BrokenVideo(
                    FormattableString.Invariant($"{type} of {size} bytes in 64 bits"),
                    Sample.After(type, box => box.ToldLargeSize = size));
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

    /// <summary>From the inside out and as bytes: a tree this deep would use up the stack of its maker.</summary>
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
