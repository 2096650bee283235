using System.Buffers.Binary;
using ForegSyte.Testing;

namespace ForegSyte.Fuzz.Tests.Corpus;

/// <summary>A video with a defect.</summary>
/// <param name="Name">The defect.</param>
/// <param name="Bytes">The file.</param>
internal sealed record BrokenVideo(string Name, byte[] Bytes)
{
    /// <inheritdoc />
    public override string ToString() => Name;
}

/// <summary>All broken videos; the list is deterministic.</summary>
internal static class BrokenVideos
{
    /// <summary>Creates the videos lazily.</summary>
    public static IEnumerable<BrokenVideo> All() =>
        new[]
        {
            Cuts.Make(), Flips.Make(), Sizes.Make(), Tables.Make(), Tracks.Make(), Codecs.Make(), Disguises.Make(),
        }.SelectMany(videos => videos);
}

/// <summary>
/// The sample clip with its index at the end, so that a change of the index does not move the frames.
/// </summary>
internal static class Sample
{
    /// <summary>The file.</summary>
    public static byte[] Bytes { get; } = Mp4Part.ToBytes(Rearranged());

    /// <summary>A new copy of its boxes.</summary>
    public static List<Mp4Part> Parts() => Mp4Part.Parse(Bytes);

    /// <summary>The first box of a type.</summary>
    public static Mp4Part Find(this List<Mp4Part> parts, string type) =>
        parts.SelectMany(part => part.All()).First(part => part.Type == type);

    /// <summary>The file after a change.</summary>
    public static byte[] After(Action<List<Mp4Part>> change)
    {
        var parts = Parts();
        change(parts);
        return Mp4Part.ToBytes(parts);
    }

    /// <summary>The file after a change of one box.</summary>
    public static byte[] After(string type, Action<Mp4Part> change) => After(parts => change(parts.Find(type)));

    private static List<Mp4Part> Rearranged()
    {
        var original = File.ReadAllBytes(RepositoryFiles.Pedestrians);
        var parts = Mp4Part.Parse(original);
        var movie = parts.Find("moov");
        parts.Remove(movie);
        parts.Add(movie);
        var shift = Mp4Part.ToBytes([movie]).Length;
        var offsets = parts.Find("stco").Payload;
        for (var at = 8; at < offsets.Length; at += sizeof(int))
        {
            var place = offsets.AsSpan(at);
            BinaryPrimitives.WriteInt32BigEndian(place, BinaryPrimitives.ReadInt32BigEndian(place) - shift);
        }

        return parts;
    }
}

/// <summary>The clip truncated at, in and after the header of every box, and without some boxes.</summary>
internal static class Cuts
{
    public static IEnumerable<BrokenVideo> Make()
    {
        foreach (var (type, start) in Boxes(Sample.Parts(), 0))
        {
            yield return Cut(start, $"at {type} ({start})");
            yield return Cut(start + 6, $"in the header of {type} ({start})");
            yield return Cut(start + 8 + 5, $"in {type} ({start})");
        }

        yield return Cut(Sample.Bytes.Length - 1, "before its last byte");
        yield return Cut(1, "after its first byte");
        foreach (var type in (string[])["ftyp", "mdat", "moov", "free"])
        {
            yield return new BrokenVideo(
                $"without {type}", Sample.After(parts => parts.RemoveAll(part => part.Type == type)));
        }

        foreach (var box in Sample.Parts().Find("moov").All().Skip(1).Select(box => box.Type).Distinct())
        {
            yield return new BrokenVideo($"without {box}", Sample.After(parts => Remove(parts, box)));
        }
    }

    private static BrokenVideo Cut(int length, string where) =>
        new($"cut off {where}", Sample.Bytes[..Math.Min(length, Sample.Bytes.Length)]);

    private static void Remove(List<Mp4Part> parts, string type)
    {
        parts.RemoveAll(part => part.Type == type);
        parts.ForEach(part => Remove(part.Children, type));
    }

    private static IEnumerable<(string Type, int Start)> Boxes(IEnumerable<Mp4Part> parts, int start)
    {
        foreach (var part in parts)
        {
            yield return (part.Type, start);
            foreach (var child in Boxes(part.Children, start + 8))
            {
                yield return child;
            }

            start += Mp4Part.ToBytes([part]).Length;
        }
    }
}

/// <summary>The clip with changed bytes in its index or its frames.</summary>
internal static class Flips
{
    private const int IndexVariants = 40;
    private const int FrameVariants = 15;

    public static IEnumerable<BrokenVideo> Make()
    {
        var indexStart = Sample.Bytes.AsSpan().IndexOf("moov"u8);
        for (var seed = 0; seed < IndexVariants; seed++)
        {
            var count = 1 << (seed % 6);
            yield return Flip($"index, {count} bytes", seed, count, indexStart, Sample.Bytes.Length);
        }

        for (var seed = 0; seed < FrameVariants; seed++)
        {
            yield return Flip($"frames, {1 << seed} bytes", seed, 1 << seed, 48, indexStart);
        }

        yield return new BrokenVideo("frames are zeros", Sample.After("mdat", data => data.Payload.AsSpan().Clear()));
        yield return new BrokenVideo(
            "frames are noise", Sample.After("mdat", data => new Random(1).NextBytes(data.Payload)));
        yield return new BrokenVideo(
            "frames are backwards", Sample.After("mdat", data => Array.Reverse(data.Payload)));
        yield return new BrokenVideo(
            "index is noise", Sample.After("stbl", table => table.Children.ForEach(
                box => new Random(1).NextBytes(box.Payload))));
    }

    private static BrokenVideo Flip(string where, int seed, int count, int start, int end)
    {
        var bytes = Sample.Bytes.ToArray();
        var random = new Random(seed);
        for (var left = count; left > 0; left--)
        {
            bytes[random.Next(start, end)] ^= (byte)random.Next(1, 256);
        }

        return new BrokenVideo($"flipped {where}, seed {seed}", bytes);
    }
}
