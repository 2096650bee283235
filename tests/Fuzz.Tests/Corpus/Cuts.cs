namespace ForegSyte.Fuzz.Tests.Corpus;

/// <summary>The clip cut off at, in and after the header of every box, and with pieces of it missing.</summary>
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
