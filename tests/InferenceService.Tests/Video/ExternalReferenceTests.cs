using System.Buffers.Binary;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using ForegSyte.Inference.Video;
using ForegSyte.Testing;
using ForegSyte.Video;

namespace ForegSyte.Inference.Tests.Video;

/// <summary>
/// Files that name other files and servers, read by ffprobe and ffmpeg without a sandbox: FFmpeg's own options must be
/// enough. strace shows what the programs open.
/// </summary>
public sealed class ExternalReferenceTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly TcpListener _server = new(IPAddress.Loopback, 0);

    public ExternalReferenceTests()
    {
        Assert.SkipUnless(File.Exists("/usr/bin/strace"), "strace is not installed (eng/setup.sh --test).");
        _server.Start();
        File.Copy(RepositoryFiles.Pedestrians, Canary);
    }

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private string Canary => _folder.File("canary.mp4");

    private string Server => $"http://127.0.0.1:{((IPEndPoint)_server.LocalEndpoint).Port}/canary.mp4";

    public void Dispose()
    {
        _server.Dispose();
        _folder.Dispose();
    }

    [Theory]
    [InlineData("#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{0}\n#EXT-X-ENDLIST\n")]
    [InlineData("ffconcat version 1.0\nfile '{0}'\n")]
    [InlineData("concat:{0}")]
    public async Task Playlist_CalledMp4_OpensNothing(string playlist)
    {
        foreach (var location in (string[])[Canary, "file://" + Canary, Server])
        {
            var text = string.Format(CultureInfo.InvariantCulture, playlist, location);
            var bytes = Encoding.UTF8.GetBytes(text);
            await AssertOpensNothingAsync(bytes);
            await AssertOpensNothingAsync([.. (await File.ReadAllBytesAsync(Canary, Cancel))[..32], .. bytes]);
        }
    }

    [Theory]
    [InlineData("url ")]
    [InlineData("urn ")]
    [InlineData("alis")]
    public async Task DataElsewhere_IsNotOpened(string kind)
    {
        foreach (var location in (string[])[Canary, "file://" + Canary, "canary.mp4", Server])
        {
            await AssertOpensNothingAsync(WithReference(await File.ReadAllBytesAsync(Canary, Cancel), kind, location));
        }
    }

    [Fact]
    public async Task Trace_OfAFileThatIsOpened_HasIt()
    {
        // Proves that the assertion of the tests above can fail.
        Assert.Contains(Canary, await TraceAsync(Canary), StringComparison.Ordinal);
    }

    private async Task AssertOpensNothingAsync(byte[] content)
    {
        var video = _folder.File("video.mp4");
        await File.WriteAllBytesAsync(video, content, Cancel);

        var trace = await TraceAsync(video);

        Assert.Contains(video, trace, StringComparison.Ordinal);
        Assert.DoesNotContain("canary", trace, StringComparison.Ordinal);
        Assert.DoesNotContain("AF_INET", trace, StringComparison.Ordinal);
        Assert.False(_server.Pending(), "FFmpeg has connected to the server.");
    }

    /// <summary>Traces the files that both programs open and the addresses to which they connect.</summary>
    private async Task<string> TraceAsync(string video)
    {
        var output = _folder.File("trace");
        var input = (string[])[.. SandboxedInput.Arguments(new VideoOptions().Limits), "-i", SandboxedInput.Url(video)];
        string[][] commands = [["ffprobe", "-show_packets", .. input], ["ffmpeg", .. input, "-f", "null", "-"]];
        var traces = new StringBuilder();
        foreach (var command in commands)
        {
            string[] strace = ["/usr/bin/strace", "-f", "-s", "4096", "-o", output];
            await ChildProcess.RunAsync(
                new ChildCommand("strace", [.. strace, "-e", "trace=open,openat,socket,connect", .. command]), Cancel);
            traces.Append(await File.ReadAllTextAsync(output, Cancel));
        }

        return traces.ToString();
    }

    /// <summary>
    /// Makes a clip whose track declares its data elsewhere (ISO/IEC 14496-12, 8.7.2): by a "url " or "urn " with the
    /// location, or by an alias record of QuickTime with volume, folder and file name.
    /// </summary>
    private static byte[] WithReference(byte[] clip, string kind, string location)
    {
        var start = clip.AsSpan().IndexOf("dref"u8) - 4;
        var old = BinaryPrimitives.ReadInt32BigEndian(clip.AsSpan(start));
        byte[] content = kind == "alis" ? Alias(location) : [.. Encoding.UTF8.GetBytes(location), 0];
        byte[] entry = Box(kind, [0, 0, 0, 0, .. content]);
        byte[] reference = Box("dref", [0, 0, 0, 0, 0, 0, 0, 1, .. entry]);

        // The index comes first: the boxes around it grow, and the frames move.
        var growth = reference.Length - old;
        byte[] changed = [.. clip[..start], .. reference, .. clip[(start + old)..]];
        foreach (var around in (string[])["moov", "trak", "mdia", "minf", "dinf"])
        {
            Grow(changed, changed.AsSpan().IndexOf(Encoding.Latin1.GetBytes(around)) - 4, growth);
        }

        Grow(changed, changed.AsSpan().IndexOf("stco"u8) + 12, growth);
        return changed;
    }

    /// <summary>
    /// Makes an alias record as FFmpeg reads it (mov_read_dref): 150 bytes with lengths and names at fixed offsets,
    /// then tagged records, of which 2 is the absolute path with the volume and 18 the path.
    /// </summary>
    private static byte[] Alias(string location)
    {
        var record = new byte[150];
        record[10] = 6;
        "volume"u8.CopyTo(record.AsSpan(11));
        record[50] = 10;
        "canary.mp4"u8.CopyTo(record.AsSpan(51));
        var path = Encoding.UTF8.GetBytes(location.PadRight(location.Length + (location.Length % 2)));
        return [.. record, .. Tag(18, path), .. Tag(2, path), 0xFF, 0xFF, 0, 0];

        static byte[] Tag(byte number, byte[] value) =>
            [0, number, (byte)(value.Length >> 8), (byte)value.Length, .. value];
    }

    private static void Grow(Span<byte> bytes, int at, int growth) =>
        BinaryPrimitives.WriteInt32BigEndian(
            bytes[at..], BinaryPrimitives.ReadInt32BigEndian(bytes[at..]) + growth);

    private static byte[] Box(string type, byte[] payload)
    {
        var header = new byte[8];
        BinaryPrimitives.WriteInt32BigEndian(header, payload.Length + 8);
        Encoding.Latin1.GetBytes(type, header.AsSpan(4));
        return [.. header, .. payload];
    }
}
