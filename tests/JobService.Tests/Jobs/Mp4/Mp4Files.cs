using ForegSyte.Testing;

namespace ForegSyte.Jobs.Tests.Jobs.Mp4;

/// <summary>Small videos in every layout that ffmpeg writes, made once per test class.</summary>
public sealed class Mp4Files : IAsyncLifetime
{
    public static readonly string[] Names = ["plain", "faststart", "fragmented", "with sound", "quicktime"];

    private static readonly string[] Picture =
    [
        "-f", "lavfi", "-i", "testsrc2=size=64x48:rate=10", "-frames:v", "20", "-c:v", "libx264",
        "-pix_fmt", "yuv420p", "-g", "5",
    ];

    private readonly Dictionary<string, byte[]> _files = [];

    public byte[] AudioOnly { get; private set; } = [];

    public byte[] this[string name] => _files[name];

    public async ValueTask InitializeAsync()
    {
        using var folder = new TemporaryFolder();
        await AddAsync("plain", "a.mp4", Picture);
        await AddAsync("faststart", "b.mp4", [.. Picture, "-movflags", "+faststart"]);
        await AddAsync("fragmented", "c.mp4", [.. Picture, "-movflags", "frag_keyframe+empty_moov"]);
        await AddAsync(
            "with sound", "d.mp4", ["-f", "lavfi", "-i", "sine=duration=2", .. Picture, "-c:a", "aac", "-shortest"]);
        await AddAsync("quicktime", "e.mov", Picture);
        AudioOnly = await File.ReadAllBytesAsync(await Clips.MakeAudioOnlyAsync(folder.File("f.mp4")));
        Assert.Equal("qt  "u8, _files["quicktime"].AsSpan(8, 4));

        async Task AddAsync(string name, string file, string[] arguments) =>
            _files[name] = await File.ReadAllBytesAsync(await Clips.MakeAsync(folder.File(file), arguments));
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
