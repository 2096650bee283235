using System.Security.Cryptography;
using ForegSyte.Hosting.Configuration;
using ForegSyte.Inference.Memory;
using ForegSyte.Inference.RemoteVideos;
using ForegSyte.Inference.V1;
using ForegSyte.Inference.Video;
using ForegSyte.V1;
using ForegSyte.Video;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace ForegSyte.Inference.Tests.Video;

/// <summary>The classes that read videos, with the options of a test.</summary>
internal sealed class VideoParts
{
    private readonly VideoIndexCache _cache;

    public VideoParts(VideoOptions? options = null, long budget = 1L << 40)
    {
        Memory = new MemoryBudget(budget);
        var memory = Microsoft.Extensions.Options.Options.Create(new MemoryOptions { BudgetBytes = budget });
        Options = options ?? new VideoOptions();
        var checkedOptions = Microsoft.Extensions.Options.Options.Create(Options);
        _cache = new VideoIndexCache(checkedOptions);
        Tools = new DecoderTools(checkedOptions);
        Probe = new VideoProbe(
            Tools, _cache, Memory, checkedOptions, memory, TimeProvider.System, NullLogger<VideoProbe>.Instance);
        Decoders = new DecoderPool(Tools, Memory, checkedOptions, memory, Time);
        Scan = new DamageScan(Tools, checkedOptions, memory);
        Source = new FrameSource(
            Decoders, Scan, checkedOptions, TimeProvider.System, NullLogger<FrameSource>.Instance);
    }

    public VideoOptions Options { get; }

    public MemoryBudget Memory { get; }

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

        var remote = Microsoft.Extensions.Options.Options.Create(new RemoteVideoOptions());
        var data = new DataDirectory(dataDirectory);
        var client = new RangeClient(remote, TimeProvider.System, NullLogger<RangeClient>.Instance);
        return new VideoSources(
            Microsoft.Extensions.Options.Options.Create(options), data, new RemoteLocations(remote),
            new VideoCache(remote, data, client, NullLogger<VideoCache>.Instance));
    }

    /// <summary>Reads a range; returns index, timestamp and a hash of the pixels of each frame.</summary>
    public async Task<List<SeenFrame>> ReadAsync(
        string path, int start = 0, int end = 0, int stride = 1, DecodeSize? size = null, int jobEnd = 0,
        Action<Frame>? onFrame = null)
    {
        var index = await Probe.ReadAsync(VideoFile.Open(path), TestContext.Current.CancellationToken);
        Meter = new DecodeMeter();
        List<SeenFrame> seen = [];
        var range = new FrameRange { StartFrame = start, EndFrame = end };
        var choices = Source.MemoryOf(index, range, stride, size ?? DecodeSize.Native, 1, 0);
        var taken = await Memory.TakeAsync(
            [.. choices.Select(choice => choice.Bytes)], isBrief: false, TestContext.Current.CancellationToken);
        using var share = new SegmentShare(choices[taken.Choice], taken);
        await foreach (var frame in Source.ReadAsync(
            VideoFile.Open(path),
            index,
            range,
            stride,
            jobEnd,
            size ?? DecodeSize.Native,
            Meter,
            share,
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

/// <summary>Reads frames without a budget.</summary>
internal static class FrameSourceExtensions
{
    /// <summary>Reads frames as <see cref="FrameSource"/> does, one at a time in memory.</summary>
    public static IAsyncEnumerable<Frame> ReadAsync(
        this FrameSource source, VideoFile video, VideoIndex index, FrameRange? range, int stride, int jobEndFrame,
        DecodeSize size, DecodeMeter meter, CancellationToken cancellationToken) =>
        source.ReadAsync(
            video, index, range, stride, jobEndFrame, size, meter,
            new SegmentShare(source.MemoryOf(index, range, stride, size, 1, 0)[0]), cancellationToken);
}
