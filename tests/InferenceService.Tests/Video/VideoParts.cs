using System.Security.Cryptography;
using ForegSyte.Hosting.Configuration;
using ForegSyte.Inference.V1;
using ForegSyte.Inference.Video;
using ForegSyte.V1;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace ForegSyte.Inference.Tests.Video;

/// <summary>The classes that read videos, with the options of a test.</summary>
internal sealed class VideoParts
{
    private readonly VideoIndexCache _cache;

    public VideoParts(VideoOptions? options = null)
    {
        Options = options ?? new VideoOptions();
        var checkedOptions = Microsoft.Extensions.Options.Options.Create(Options);
        _cache = new VideoIndexCache(checkedOptions);
        Tools = new DecoderTools(checkedOptions, NullLogger<DecoderTools>.Instance);
        Probe = new VideoProbe(Tools, _cache, checkedOptions, TimeProvider.System, NullLogger<VideoProbe>.Instance);
        Decoders = new DecoderPool(Tools, checkedOptions, Time);
        Scan = new DamageScan(Tools, checkedOptions);
        Source = new FrameSource(
            Decoders, Scan, checkedOptions, TimeProvider.System, NullLogger<FrameSource>.Instance);
    }

    public VideoOptions Options { get; }

    public DecoderTools Tools { get; }

    public VideoProbe Probe { get; }

    /// <summary>The clock of idle decoders.</summary>
    public FakeTimeProvider Time { get; } = new();

    public DecoderPool Decoders { get; }

    public DamageScan Scan { get; }

    public FrameSource Source { get; }

    /// <summary>
    /// Makes the classes with decoders at a sandbox level; skips the test if the level does not work on this machine.
    /// </summary>
    public static async Task<VideoParts> AtAsync(SandboxLevel level, VideoOptions? options = null)
    {
        var parts = new VideoParts(options);
        List<SandboxWrapper?> wrappers = [null];
        if (level > SandboxLevel.Limits)
        {
            wrappers = [.. parts.Tools.WrappersFor(level, out _)];
        }

        foreach (var wrapper in wrappers)
        {
            parts.Tools.Apply(wrapper, []);
            var command = parts.Tools.Ffmpeg(["-version"]);
            if ((await ChildProcess.RunAsync(command, TestContext.Current.CancellationToken)).ExitCode == 0)
            {
                return parts;
            }
        }

        Assert.Skip($"Sandbox level {level} does not work here.");
        throw new InvalidOperationException("Assert.Skip has thrown.");
    }

    /// <summary>The meter of the last read.</summary>
    public DecodeMeter Meter { get; private set; } = new();

    public static VideoSources Sources(string dataDirectory, params string[] roots)
    {
        var options = new VideoOptions();
        foreach (var root in roots)
        {
            options.AllowedRoots.Add(root);
        }

        return new VideoSources(Microsoft.Extensions.Options.Options.Create(options), new DataDirectory(dataDirectory));
    }

    /// <summary>Reads a range; returns index, timestamp and a hash of the pixels of each frame.</summary>
    public async Task<List<SeenFrame>> ReadAsync(
        string path, int start = 0, int end = 0, int stride = 1, DecodeSize? size = null, int jobEnd = 0,
        Action<Frame>? onFrame = null)
    {
        var index = await Probe.ReadAsync(path, TestContext.Current.CancellationToken);
        Meter = new DecodeMeter();
        List<SeenFrame> seen = [];
        await foreach (var frame in Source.ReadAsync(
            path,
            index,
            new FrameRange { StartFrame = start, EndFrame = end },
            stride,
            jobEnd,
            size ?? DecodeSize.Native,
            Meter,
            TestContext.Current.CancellationToken))
        {
            using (frame)
            {
                onFrame?.Invoke(frame);
                seen.Add(SeenFrame.Of(frame));
            }
        }

        return seen;
    }
}

/// <summary>Index, timestamp and pixels of a frame that a test has read.</summary>
internal sealed record SeenFrame(int Index, uint TimestampMs, string PixelHash)
{
    public static SeenFrame Of(Frame frame) => new(frame.Index, frame.TimestampMs, HashOf(frame.Pixels.Span));

    public static string HashOf(ReadOnlySpan<byte> pixels) => Convert.ToHexString(SHA256.HashData(pixels));
}
