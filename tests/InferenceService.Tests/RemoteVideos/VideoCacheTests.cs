using ForegSyte.Hosting.Errors;
using ForegSyte.Inference.RemoteVideos;
using ForegSyte.Inference.Video;
using ForegSyte.Testing;
using ForegSyte.V1;
using Microsoft.Extensions.Options;

namespace ForegSyte.Inference.Tests.RemoteVideos;

/// <summary>The cache of remote videos.</summary>
public sealed class VideoCacheTests : IDisposable
{
    private const int VideoBytes = 6 << 20;

    private readonly TemporaryFolder _folder = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private string CacheFolder => _folder.File("cache");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task AFullCache_EvictsTheLeastRecentlyUsedVideoThatNoCallUses()
    {
        await using var server = await ServeAsync();
        await using var remote = await StartAsync(server, limit: 16 << 20);
        await FetchAsync(remote, server, "a");
        await FetchAsync(remote, server, "b");
        await FetchAsync(remote, server, "a");
        await FetchAsync(remote, server, "c");
        Assert.Equal(3L * VideoBytes, server.BytesSent);

        // The space of b went to c.
        await FetchAsync(remote, server, "a");
        Assert.Equal(3L * VideoBytes, server.BytesSent);
        Assert.Equal(2L * VideoBytes, remote.Cache.UsedBytes);
        using var first = await FetchAsync(remote, server, "a", isKept: true);
        using var second = await FetchAsync(remote, server, "b", isKept: true);
        Assert.Equal(
            ErrorReason.InferenceBusy,
            (await Assert.ThrowsAsync<ServiceException>(() => FetchAsync(remote, server, "c"))).Reason);
        Assert.Equal(2L * VideoBytes, remote.Cache.UsedBytes);
    }

    [Fact]
    public async Task AVideoLargerThanTheCache_IsRefused()
    {
        await using var server = await ServeAsync(20 << 20);
        await using var remote = await StartAsync(server, limit: 16 << 20);
        var failure = await Assert.ThrowsAsync<ServiceException>(() => FetchAsync(remote, server, "a"));
        Assert.Equal(ErrorReason.VideoLimitExceeded, failure.Reason);
        Assert.Contains("Video:CacheBytes", failure.Message);
    }

    [Fact]
    public async Task ARestart_KeepsWhatIsIntact()
    {
        await using var server = await ServeAsync();
        await using (var before = await StartAsync(server))
        {
            await FetchAsync(before, server, "a");
            await FetchAsync(before, server, "b");
        }

        var paths = Directory.GetFiles(CacheFolder, "*.mp4").Order(StringComparer.Ordinal).ToArray();
        Assert.Equal(2, paths.Length);
        await using (var file = File.OpenWrite(paths[0]))
        {
            file.Position = 100_000;
            await file.WriteAsync(new byte[10], Cancel);
        }

        await File.WriteAllTextAsync(
            Path.Combine(CacheFolder, $"{new string('0', 32)}-{new string('1', 32)}.mp4"), "x", Cancel);
        await using (var after = await StartAsync(server))
        {
            foreach (var key in new[] { "a", "b" })
            {
                using var video = await FetchAsync(after, server, key, isKept: true);
                Assert.Equal(
                    await File.ReadAllBytesAsync(server.File, Cancel),
                    await File.ReadAllBytesAsync(video.Path, Cancel));
            }

            Assert.Equal(2L * VideoBytes, after.Cache.UsedBytes);
            Assert.Equal((2L * VideoBytes) + CachedVideo.BlockBytes, server.BytesSent);
        }

        Assert.Equal(2, Directory.GetFiles(CacheFolder, "*.mp4").Length);
    }

    [Fact]
    public async Task ADamagedList_DropsItsVideo()
    {
        await using var server = await ServeAsync();
        await using (var before = await StartAsync(server))
        {
            await FetchAsync(before, server, "a");
        }

        var list = Directory.GetFiles(CacheFolder, "*.blocks").Single();
        var bytes = await File.ReadAllBytesAsync(list, Cancel);
        bytes[bytes.Length / 2] ^= 1;
        await File.WriteAllBytesAsync(list, bytes, Cancel);
        await using var after = await StartAsync(server);
        Assert.Equal(0, after.Cache.UsedBytes);
        Assert.Empty(Directory.GetFiles(CacheFolder, "*.mp4*"));
    }

    [Fact]
    public async Task AFullDisk_EvictsVideosThatNoCallUses_AndFailsIfThereAreNone()
    {
        const int noSpace = 28;
        await using var server = await ServeAsync();
        await using var remote = await StartAsync(
            server,
            writer: (file, bytes, offset, cancellationToken) => Directory.GetFiles(CacheFolder, "*.mp4").Length > 2
                ? throw new IOException("No space left on device", noSpace)
                : RandomAccess.WriteAsync(file, bytes, offset, cancellationToken));
        await FetchAsync(remote, server, "a");
        using var kept = await FetchAsync(remote, server, "b", isKept: true);
        using (var other = await FetchAsync(remote, server, "c", isKept: true))
        {
            Assert.Equal(
                await File.ReadAllBytesAsync(server.File, Cancel), await File.ReadAllBytesAsync(other.Path, Cancel));
            Assert.Equal(2L * VideoBytes, remote.Cache.UsedBytes);
            var failure = await Assert.ThrowsAsync<ServiceException>(() => FetchAsync(remote, server, "d"));
            Assert.Equal(ErrorReason.StorageFull, failure.Reason);
            Assert.Contains("Video:CacheBytes", failure.Message);
        }

        await FetchAsync(remote, server, "d");
        Assert.Equal(2L * VideoBytes, remote.Cache.UsedBytes);
        Assert.Equal(2, Directory.GetFiles(CacheFolder, "*.mp4").Length);
    }

    [Fact]
    public async Task ADiskWithoutRoomForTheCache_IsAWarning()
    {
        await using var server = await ServeAsync();
        await using (var small = await StartAsync(server, limit: 16 << 20))
        {
            Assert.Empty(small.CacheLog.Collector.GetSnapshot());
        }

        await using var large = await StartAsync(server, limit: 1L << 50);
        var warning = Assert.Single(large.CacheLog.Collector.GetSnapshot());
        Assert.StartsWith("Video:CacheBytes is 1125899906842624 bytes", warning.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task MoreVideosThanTheLimit_EvictTheLeastRecentlyUsed()
    {
        await using var server = await ServeAsync();
        await using (var remote = await StartAsync(server, videos: 2))
        {
            await FetchAsync(remote, server, "a");
            await FetchAsync(remote, server, "b");
            await FetchAsync(remote, server, "c");
            Assert.Equal(2, Directory.GetFiles(CacheFolder, "*.mp4").Length);
            await FetchAsync(remote, server, "b");
            Assert.Equal(3L * VideoBytes, server.BytesSent);
        }

        await using var after = await StartAsync(server, videos: 1);
        Assert.Single(Directory.GetFiles(CacheFolder, "*.mp4"));
        Assert.Equal(VideoBytes, after.Cache.UsedBytes);
    }

    [Fact]
    public async Task AVideoWithoutBytes_IsDropped()
    {
        await using var server = await ServeAsync();
        await using var remote = await StartAsync(server);
        server.Fault = (context, _) =>
        {
            context.Response.StatusCode = 403;
            return Task.FromResult(true);
        };
        await Assert.ThrowsAsync<ServiceException>(() => FetchAsync(remote, server, "a"));
        Assert.Empty(Directory.GetFiles(CacheFolder, "*.mp4*"));
    }

    [Fact]
    public async Task ADeletedFile_IsFetchedAgain()
    {
        await using var server = await ServeAsync();
        await using var remote = await StartAsync(server);
        await FetchAsync(remote, server, "a");
        File.Delete(Directory.GetFiles(CacheFolder, "*.mp4").Single());
        await FetchAsync(remote, server, "a");
        Assert.Equal(2L * VideoBytes, server.BytesSent);
        Assert.Equal(VideoBytes, remote.Cache.UsedBytes);
    }

    [Fact]
    public async Task AVideoThatNoCallUses_IsNotOpen()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Only Linux lists the open files.");
        await using var server = await ServeAsync();
        await using (var before = await StartAsync(server))
        {
            using (await FetchAsync(before, server, "a", isKept: true))
            {
                Assert.NotEmpty(OpenVideos());
            }

            Assert.Empty(OpenVideos());
        }

        await using var after = await StartAsync(server);
        Assert.Equal(VideoBytes, after.Cache.UsedBytes);
        Assert.Empty(OpenVideos());
    }

    [Fact]
    public async Task TwoProcesses_CannotUseOneFolder()
    {
        await using var server = await ServeAsync();
        await using var first = await StartAsync(server);
        var failure = await Assert.ThrowsAsync<OptionsValidationException>(() => StartAsync(server));
        Assert.Contains("Video:CacheDirectory", failure.Failures.Single());
    }

    [Fact]
    public async Task AnotherFileOfTheFolder_IsLeftAlone()
    {
        await using var server = await ServeAsync();
        Directory.CreateDirectory(CacheFolder);
        await File.WriteAllTextAsync(Path.Combine(CacheFolder, "holiday.mp4"), "x", Cancel);
        await using var remote = await StartAsync(server);
        Assert.Contains(Path.Combine(CacheFolder, "holiday.mp4"), Directory.GetFiles(CacheFolder));
    }

    private async Task<ObjectServer> ServeAsync(int bytes = VideoBytes)
    {
        var content = new byte[bytes];
        new Random(1).NextBytes(content);
        await File.WriteAllBytesAsync(_folder.File("object"), content, Cancel);
        return await ObjectServer.StartAsync(_folder.File("object"));
    }

    private Task<RemoteParts> StartAsync(
        ObjectServer server, long limit = 1L << 30, int videos = 100, CacheWriter? writer = null)
    {
        var options = RemoteParts.OptionsFor(server.Host, CacheFolder);
        (options.CacheBytes, options.CacheVideos) = (limit, videos);
        return RemoteParts.StartAsync(options, writer);
    }

    /// <summary>The sparse files that this process has open.</summary>
    private string[] OpenVideos() =>
    [
        .. Directory.GetFiles("/proc/self/fd").Select(path => new FileInfo(path).LinkTarget)
            .OfType<string>().Where(target => target.StartsWith(CacheFolder, StringComparison.Ordinal)
                && target.EndsWith(".mp4", StringComparison.Ordinal)),
    ];

    private static async Task<VideoFile> FetchAsync(
        RemoteParts remote, ObjectServer server, string key, bool isKept = false)
    {
        var video = await remote.OpenAsync(server, key);
        try
        {
            await video.Remote!.FetchAllAsync(Cancel);
            return video;
        }
        finally
        {
            if (!isKept)
            {
                video.Dispose();
            }
        }
    }
}
