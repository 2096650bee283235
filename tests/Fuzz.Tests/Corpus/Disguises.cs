using System.Text;

namespace ForegSyte.Fuzz.Tests.Corpus;

/// <summary>
/// Files of other kinds, bare and behind the beginning of an MP4: playlists above all, which name other files and
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
