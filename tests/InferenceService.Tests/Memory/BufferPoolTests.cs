using CsCheck;
using ForegSyte.Inference.Memory;

namespace ForegSyte.Inference.Tests.Memory;

public sealed class BufferPoolTests
{
    [Fact]
    public void SizeFor_AnyLength_HoldsItAndWastesAQuarterAtMost() => Gen.Int[0, 1 << 30].Sample(length =>
    {
        var size = BufferPool<byte>.SizeFor(length);
        Assert.InRange(size, length, (length + (length / 4)) + 1);
        Assert.Equal(size, BufferPool<byte>.SizeFor(size));
    });

    [Fact]
    public void SizeFor_TheLongestArray_IsAllowed() =>
        Assert.InRange(BufferPool<byte>.SizeFor(Array.MaxLength), Array.MaxLength, Array.MaxLength);

    [Fact]
    public void Rent_AfterReturn_GivesTheSameBufferOnce()
    {
        var pool = new BufferPool<float>();
        var first = pool.Rent(1000);
        pool.Return(first);

        Assert.Same(first, pool.Rent(1000));
        Assert.NotSame(first, pool.Rent(1000));
    }

    [Fact]
    public async Task Rent_ByManyThreads_AllocatesAsManyBuffersAsAreInUse()
    {
        var pool = new BufferPool<byte>();
        var seen = new System.Collections.Concurrent.ConcurrentDictionary<byte[], bool>();
        using var slots = new SemaphoreSlim(3);

        await Parallel.ForAsync(0, 1000, TestContext.Current.CancellationToken, async (_, cancel) =>
        {
            await slots.WaitAsync(cancel);
            var buffer = pool.Rent(5000);
            seen[buffer] = true;
            await Task.Yield();
            pool.Return(buffer);
            slots.Release();
        });

        Assert.InRange(seen.Count, 1, 3);
    }

    [Fact]
    public void Return_MoreSizesThanTheLimit_EvictsTheLeastRecentlyUsed()
    {
        var pool = new BufferPool<byte>();
        var buffers = Enumerable.Range(0, BufferPool<byte>.MaxSizes + 1).Select(n => pool.Rent(1 << n)).ToList();

        buffers.ForEach(pool.Return);

        Assert.NotSame(buffers[0], pool.Rent(1));
        Assert.Same(buffers[1], pool.Rent(2));
        Assert.Same(buffers[^1], pool.Rent(1 << BufferPool<byte>.MaxSizes));
    }
}
