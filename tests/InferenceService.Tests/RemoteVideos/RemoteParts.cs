using ForegSyte.Hosting.Configuration;
using ForegSyte.Inference.RemoteVideos;
using ForegSyte.Inference.Tests.Video;
using ForegSyte.Inference.V1;
using ForegSyte.Inference.Video;
using ForegSyte.V1;
using ForegSyte.Video;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Logging.Testing;

namespace ForegSyte.Inference.Tests.RemoteVideos;

/// <summary>The classes that read remote videos, with a cache in a folder of the test.</summary>
internal sealed class RemoteParts : IAsyncDisposable
{
    private readonly RangeClient _client;

    private RemoteParts(RemoteVideoOptions options, CacheWriter? writer)
    {
        var checkedOptions = Microsoft.Extensions.Options.Options.Create(options);
        var data = new DataDirectory(options.CacheDirectory);
        _client = new RangeClient(checkedOptions, TimeProvider.System, NullLogger<RangeClient>.Instance);
        Cache = new VideoCache(checkedOptions, data, _client, CacheLog) { Writer = writer ?? RandomAccess.WriteAsync };
        Sources = new VideoSources(
            Microsoft.Extensions.Options.Options.Create(Parts.Options), data, new RemoteLocations(checkedOptions),
            Cache);
    }

    public VideoParts Parts { get; } = new();

    public VideoCache Cache { get; }

    public FakeLogger<VideoCache> CacheLog { get; } = new();

    public VideoSources Sources { get; }

    /// <summary>Number of segments that were read again from the whole file.</summary>
    public int Repeats { get; private set; }

    /// <summary>Options that allow a server on the loopback, and repeat requests without a noticeable wait.</summary>
    public static RemoteVideoOptions OptionsFor(string host, string folder)
    {
        var options = new RemoteVideoOptions
        {
            AllowHttp = true,
            CacheDirectory = folder,
            FetchRetryDelay = TimeSpan.FromMilliseconds(1),
        };
        options.AllowedHosts.Add(host);
        return options;
    }

    public static Task<RemoteParts> StartAsync(ObjectServer server, string folder) =>
        StartAsync(OptionsFor(server.Host, folder));

    public static async Task<RemoteParts> StartAsync(RemoteVideoOptions options, CacheWriter? writer = null)
    {
        var parts = new RemoteParts(options, writer);
        try
        {
            await parts.Cache.StartAsync(TestContext.Current.CancellationToken);
            return parts;
        }
        catch
        {
            await parts.DisposeAsync();
            throw;
        }
    }

    public Task<VideoFile> OpenAsync(ObjectServer server, string key = "key", long? size = null) =>
        OpenAsync(new VideoSource
        {
            Uri = server.Uri(),
            CacheKey = key,
            SizeBytes = size ?? new FileInfo(server.File).Length,
        });

    public Task<VideoFile> OpenAsync(VideoSource source) =>
        Sources.OpenAsync(source, TestContext.Current.CancellationToken);

    public async Task<VideoIndex> ProbeAsync(ObjectServer server)
    {
        using var video = await OpenAsync(server);
        return await Parts.Probe.ReadAsync(video, TestContext.Current.CancellationToken);
    }

    /// <summary>Reads a range as RunPipeline does.</summary>
    public async Task<List<SeenFrame>> ReadAsync(
        ObjectServer server, int start, int end, int stride = 1, int jobEnd = 0)
    {
        using var video = await OpenAsync(server);
        try
        {
            return await ReadAsync(video, start, end, stride, jobEnd);
        }
        catch (PartialVideoException)
        {
            Repeats++;
            await video.Remote!.FetchAllAsync(TestContext.Current.CancellationToken);
            return await ReadAsync(video, start, end, stride, jobEnd);
        }
    }

    public async ValueTask DisposeAsync()
    {
        Cache.Dispose();
        _client.Dispose();
        await Parts.Decoders.DisposeAsync();
    }

    private async Task<List<SeenFrame>> ReadAsync(VideoFile video, int start, int end, int stride, int jobEnd)
    {
        var cancel = TestContext.Current.CancellationToken;
        var index = await Parts.Probe.ReadAsync(video, cancel);
        List<SeenFrame> seen = [];
        await foreach (var frame in Parts.Source.ReadAsync(
            video, index, new FrameRange { StartFrame = start, EndFrame = end }, stride, jobEnd, DecodeSize.Native,
            new DecodeMeter(), cancel))
        {
            using (frame)
            {
                seen.Add(SeenFrame.Of(frame));
            }
        }

        return seen;
    }
}
