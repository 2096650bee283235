using System.Buffers.Binary;
using ForegSyte.Testing;

namespace ForegSyte.Fuzz.Tests.Corpus;

/// <summary>
/// The committed clip with its index at the end, so that a change of the index leaves the frames where they were.
/// </summary>
internal static class Sample
{
    /// <summary>The file.</summary>
    public static byte[] Bytes { get; } = Mp4Part.ToBytes(Rearranged());

    /// <summary>Its boxes, new ones at each call.</summary>
    public static List<Mp4Part> Parts() => Mp4Part.Parse(Bytes);

    /// <summary>A box of a type; the first one where there are more.</summary>
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
