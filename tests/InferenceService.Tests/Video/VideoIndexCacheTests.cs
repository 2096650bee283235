using ForegSyte.Inference.Video;
using ForegSyte.V1;
using ForegSyte.Video;
using Microsoft.Extensions.Options;

namespace ForegSyte.Inference.Tests.Video;

public sealed class VideoIndexCacheTests
{
    [Fact]
    public void Add_MoreThanTheBytes_EvictsTheLeastRecentlyUsed()
    {
        var index = IndexOf(frames: 1000);
        var cache = New(maxBytes: 2 * index.MemoryBytes);
        cache.Add(KeyOf("a"), index);
        cache.Add(KeyOf("b"), index);
        Assert.NotNull(cache.Find(KeyOf("a")));

        cache.Add(KeyOf("c"), index);

        Assert.Null(cache.Find(KeyOf("b")));
        Assert.NotNull(cache.Find(KeyOf("a")));
        Assert.NotNull(cache.Find(KeyOf("c")));
        Assert.Equal(2 * index.MemoryBytes, cache.Bytes);
    }

    [Fact]
    public void Add_IndexLargerThanTheCache_KeepsItAlone()
    {
        var cache = New(maxBytes: 10_000);
        cache.Add(KeyOf("small"), IndexOf(frames: 1));

        cache.Add(KeyOf("large"), IndexOf(frames: 1000));

        Assert.Null(cache.Find(KeyOf("small")));
        Assert.NotNull(cache.Find(KeyOf("large")));
    }

    [Fact]
    public void Add_ManySmallOnes_KeepsTheirNumber()
    {
        var cache = New(maxBytes: 1 << 30);
        for (var number = 0; number < 20; number++)
        {
            cache.Add(KeyOf($"{number}"), IndexOf(frames: 1));
        }

        Assert.Equal(8 * IndexOf(frames: 1).MemoryBytes, cache.Bytes);
    }

    [Fact]
    public void Add_TheSameFileAgain_KeepsItOnce()
    {
        var index = IndexOf(frames: 1000);
        var cache = New(maxBytes: 1 << 30);
        cache.Add(KeyOf("a"), index);

        cache.Add(KeyOf("a"), IndexOf(frames: 1000));

        Assert.Equal(index.MemoryBytes, cache.Bytes);
        Assert.Same(index, cache.Find(KeyOf("a")));
    }

    [Fact]
    public async Task TakeTurn_OfAFileThatIsRead_WaitsAndOfAnotherDoesNot()
    {
        var cache = New(maxBytes: 1 << 30);
        var first = await cache.TakeTurnAsync(KeyOf("a"), CancellationToken.None);

        using var other = await cache.TakeTurnAsync(KeyOf("b"), CancellationToken.None);
        var second = cache.TakeTurnAsync(KeyOf("a"), CancellationToken.None);

        Assert.False(second.IsCompleted, "The first caller still reads.");
        first.Dispose();
        (await second).Dispose();
    }

    [Fact]
    public async Task TakeTurn_OneWaitingCallerIsCancelled_TheOthersKeepTheirTurns()
    {
        var cache = New(maxBytes: 1 << 30);
        using var cancellation = new CancellationTokenSource();
        var first = await cache.TakeTurnAsync(KeyOf("a"), CancellationToken.None);
        var cancelled = cache.TakeTurnAsync(KeyOf("a"), cancellation.Token);
        var last = cache.TakeTurnAsync(KeyOf("a"), CancellationToken.None);

        await cancellation.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => cancelled);
        Assert.False(last.IsCompleted, "The first caller still reads.");
        first.Dispose();
        (await last).Dispose();
    }

    /// <summary>The published figure of a frame: a timestamp, a position, and both in the order of positions.</summary>
    [Fact]
    public void MemoryBytes_OfAFrame_Is28() => Assert.Equal(28_000, IndexOf(frames: 1000).MemoryBytes);

    private static VideoIndexCache New(long maxBytes) =>
        new(Options.Create(new VideoOptions { CachedIndexBytes = maxBytes }));

    private static VideoIndexCache.Key KeyOf(string name) => new(name, 1, DateTime.UnixEpoch);

    private static VideoIndex IndexOf(int frames) =>
        new(new VideoInfo(), new TimeBase(1, 1000), new long[frames], [], new long[frames]);
}
