using ForegSyte.Hosting.Configuration;
using ForegSyte.Inference.Video;
using ForegSyte.V1;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace ForegSyte.Inference.Tests.Video;

/// <summary>The parts that read videos, with options of a test's own.</summary>
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
        Source = new FrameSource(Decoders, checkedOptions, TimeProvider.System, NullLogger<FrameSource>.Instance);
    }

    public VideoOptions Options { get; }

    public DecoderTools Tools { get; }

    public VideoProbe Probe { get; }

    /// <summary>The clock of decoders that wait.</summary>
    public FakeTimeProvider Time { get; } = new();

    public DecoderPool Decoders { get; }

    public FrameSource Source { get; }

    /// <summary>
    /// The parts with decoders confined at a level, or a visible skip where this machine does not allow it.
    /// </summary>
    public static async Task<VideoParts> AtAsync(SandboxLevel level, VideoOptions? options = null)
    {
        var parts = new VideoParts(options);
        List<Isolation?> ways = [null];
        if (level > SandboxLevel.Limits)
        {
            ways = [.. parts.Tools.WaysTo(level, out _)];
        }

        foreach (var way in ways)
        {
            parts.Tools.Apply(way, []);
            var command = parts.Tools.Ffmpeg(["-version"]);
            if ((await ToolRun.RunAsync(command, TestContext.Current.CancellationToken)).ExitCode == 0)
            {
                return parts;
            }
        }

        Assert.Skip($"Sandbox level {level} cannot be reached here.");
        throw new InvalidOperationException("Not reached.");
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

    /// <summary>Reads a range; each frame as its index, timestamp and a hash of its pixels.</summary>
    public async Task<List<SeenFrame>> ReadAsync(
        string path, int start = 0, int end = 0, int stride = 1, DecodeSize? size = null, int jobEnd = 0)
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
                seen.Add(SeenFrame.Of(frame));
            }
        }

        return seen;
    }
}
