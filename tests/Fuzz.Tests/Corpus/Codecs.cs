using System.Text;

namespace ForegSyte.Fuzz.Tests.Corpus;

/// <summary>Wrong codec types, and random H.264 parameters.</summary>
internal static class Codecs
{
    /// <summary>Offset of the codec type in the payload of "stsd".</summary>
    private const int TypeOffset = 12;

    private static readonly string[] Types =
    [
        "xxxx", "\0\0\0\0", "mp4v", "hev1", "hvc1", "av01", "vp09", "vp08", "mjpa", "jpeg", "raw ", "png ", "SVQ3",
        "cvid", "rle ", "text", "tmcd", "encv", "drmi", "apcn", "dvc ", "rv20", "jxl ", "gif ", "tx3g", "WRLE", "smc ",
        "qdrw",
    ];

    public static IEnumerable<BrokenVideo> Make()
    {
        foreach (var type in Types)
        {
            yield return new BrokenVideo(
                $"frames of codec {type.Replace('\0', '0')}",
                Sample.After("stsd", box => Encoding.Latin1.GetBytes(type, box.Payload.AsSpan(TypeOffset))));
        }

        for (var seed = 0; seed < 12; seed++)
        {
            yield return new BrokenVideo(
                $"parameters of H.264 that are wrong, seed {seed}", Sample.After("stsd", box => Spoil(box, seed)));
        }
    }

    private static void Spoil(Mp4Part description, int seed)
    {
        var start = description.Payload.AsSpan().IndexOf("avcC"u8) + 4;
        var parameters = description.Payload.AsSpan(start, 40);
        var random = new Random(seed);
        for (var left = 1 << (seed % 5); left > 0; left--)
        {
            parameters[random.Next(parameters.Length)] = (byte)random.Next(256);
        }
    }
}

/// <summary>Duplicate boxes, many tracks, fragments, and tracks with external data.</summary>
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
        foreach (var video in ExternalData())
        {
            yield return video;
        }
    }

    /// <summary>References to data in other files and on servers (8.7.2, "dref").</summary>
    private static IEnumerable<BrokenVideo> ExternalData()
    {
        string[] places =
            ["file:///etc/passwd", "http://127.0.0.1:9/x.mp4", "/etc/passwd", "../x.mp4", "concat:/etc/passwd"];
        foreach (var place in places)
        {
            yield return new BrokenVideo($"data at {place}", WithDataAt("url ", place));
        }

        yield return new BrokenVideo("data at an alias", WithDataAt("alis", new string('/', 200) + "etc/passwd"));
    }

    /// <summary>A clip that refers to external data.</summary>
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

/// <summary>
/// Files of other formats, alone and behind the start of an MP4, especially playlists, which refer to other files and
/// servers.
/// </summary>
internal static class Disguises
{
    private static readonly (string Kind, string Text)[] Texts =
    [
        ("an HLS playlist", "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n"),
        ("an HLS playlist of a server", "#EXTM3U\n#EXTINF:1,\nhttp://127.0.0.1:9/a.ts\n#EXT-X-ENDLIST\n"),
        ("a concat list", "ffconcat version 1.0\nfile '/etc/passwd'\n"),
        ("a DASH manifest", "<?xml version=\"1.0\"?><MPD xmlns=\"urn:mpeg:dash:schema:mpd:2011\"></MPD>"),
        ("a session description", "v=0\no=- 0 0 IN IP4 127.0.0.1\nm=video 9 RTP/AVP 96\n"),
        ("an image sequence", "/etc/%d.png"), ("a text", "ftyp is in this text, and moov, and mdat."),
    ];

    public static IEnumerable<BrokenVideo> Make()
    {
        foreach (var (kind, text) in Texts)
        {
            var bytes = Encoding.UTF8.GetBytes(text);
            yield return new BrokenVideo(kind, bytes);
            yield return new BrokenVideo(
                $"{kind} behind a file type", [.. Mp4Part.ToBytes(Sample.Parts()[..1]), .. bytes]);
            yield return new BrokenVideo(
                $"a clip whose frames are {kind}", Sample.After("mdat", data => bytes.CopyTo(data.Payload, 0)));
        }

        yield return new BrokenVideo("nothing", []);
        yield return new BrokenVideo("zeros", new byte[4096]);
        yield return new BrokenVideo("a file type and zeros", [.. Sample.Bytes[..32], .. new byte[4096]]);
        yield return new BrokenVideo("a program", [.. "\u007fELF"u8, .. new byte[200]]);
        yield return new BrokenVideo(
            "a compressed index", Sample.After("moov", movie =>
            {
                movie.Children.Clear();
                movie.Payload = Mp4Part.ToBytes([new Mp4Part("cmov") { Payload = new byte[100] }]);
            }));
    }
}
