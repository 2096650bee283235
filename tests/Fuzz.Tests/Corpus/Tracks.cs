namespace ForegSyte.Fuzz.Tests.Corpus;

/// <summary>No tracks, many tracks, tracks that lie elsewhere.</summary>
internal static class Tracks
{
    public static IEnumerable<BrokenVideo> Make()
    {
        yield return Many(2);
        yield return Many(100);
        yield return Many(3_000);
        yield return new BrokenVideo("two indexes", Sample.After(parts => parts.Add(parts.Find("moov"))));
        yield return new BrokenVideo("data twice", Sample.After(parts => parts.Add(parts.Find("mdat"))));
        yield return new BrokenVideo("file type twice", Sample.After(parts => parts.Insert(1, parts.Find("ftyp"))));
        yield return new BrokenVideo(
            "fragments announced and none there",
            Sample.After(parts =>
            {
                parts.Find("moov").Children.Add(new Mp4Part("mvex") { Payload = [.. Box("trex", new byte[24])] });
                parts.Find("stsz").With(8, 0);
            }));
        yield return new BrokenVideo(
            "a fragment of noise",
            Sample.After(parts =>
            {
                var noise = new byte[400];
                new Random(1).NextBytes(noise);
                parts.Find("moov").Children.Add(new Mp4Part("mvex") { Payload = [.. Box("trex", new byte[24])] });
                parts.Add(new Mp4Part("moof") { Payload = noise });
                parts.Add(new Mp4Part("mdat") { Payload = noise });
            }));
        yield return new BrokenVideo(
            "an index of indexes (sidx) that points to itself",
            Sample.After(parts => parts.Insert(1, new Mp4Part("sidx")
            {
                Payload = [0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1, .. new byte[10], 0xFF, 0xFF, .. new byte[40]],
            })));
        foreach (var video in Elsewhere())
        {
            yield return video;
        }
    }

    /// <summary>References to data in other files and on servers (8.7.2, "dref").</summary>
    private static IEnumerable<BrokenVideo> Elsewhere()
    {
        string[] places =
            ["file:///etc/passwd", "http://127.0.0.1:9/x.mp4", "/etc/passwd", "../x.mp4", "concat:/etc/passwd"];
        foreach (var place in places)
        {
            yield return new BrokenVideo($"data at {place}", WithDataAt("url ", place));
        }

        yield return new BrokenVideo("data at an alias", WithDataAt("alis", new string('/', 200) + "etc/passwd"));
    }

    /// <summary>A clip whose data is said to lie elsewhere.</summary>
    internal static byte[] WithDataAt(string kind, string place) => Sample.After("dref", references =>
        references.Payload =
        [
            0, 0, 0, 0, 0, 0, 0, 1, .. Box(kind, [0, 0, 0, 0, .. System.Text.Encoding.UTF8.GetBytes(place), 0]),
        ]);

    private static BrokenVideo Many(int count) =>
        new(
            FormattableString.Invariant($"{count} tracks"),
            Sample.After(parts => parts.Find("moov").Children.AddRange(
                Enumerable.Repeat(parts.Find("trak"), count - 1))));

    private static byte[] Box(string type, byte[] payload) =>
        Mp4Part.ToBytes([new Mp4Part(type) { Payload = payload }]);
}
