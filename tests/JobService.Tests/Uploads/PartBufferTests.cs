using System.Runtime.InteropServices;
using ForegSyte.Jobs.Uploads;

namespace ForegSyte.Jobs.Tests.Uploads;

public sealed class PartBufferTests
{
    private readonly PartBuffers _buffers = new();

    [Theory]
    [InlineData(1)]
    [InlineData(65_536)]
    [InlineData(65_537)]
    [InlineData(4 << 20)]
    [InlineData(64 << 20)]
    public void Rent_AnySize_HasItAtAMultipleOfPages(int length)
    {
        using var part = _buffers.Rent(length);

        Assert.Equal(length, part.Data.Length);
        Assert.True(MemoryMarshal.TryGetArray<byte>(part.Data, out var segment));
        var address = Marshal.UnsafeAddrOfPinnedArrayElement(segment.Array!, segment.Offset);
        Assert.Equal(0, address % PartBuffer.Alignment);
    }

    [Fact]
    public void Return_ByTheLastHolder_MakesTheMemoryTheNextPart()
    {
        var part = _buffers.Rent(100_000);
        var memory = ArrayOf(part);
        var shared = part.Share();
        part.Dispose();
        using var meanwhile = _buffers.Rent(100_000);
        Assert.NotSame(memory, ArrayOf(meanwhile));

        shared.Dispose();

        using var next = _buffers.Rent(90_000);
        Assert.Same(memory, ArrayOf(next));
    }

    [Fact]
    public void Return_MoreThanLiesIdle_IsLeftToTheCollector()
    {
        var parts = Enumerable.Range(0, 20).Select(_ => _buffers.Rent(4 << 20)).ToList();
        var memory = parts.Select(ArrayOf).ToHashSet();
        parts.ForEach(part => part.Dispose());

        var again = Enumerable.Range(0, 20).Select(_ => _buffers.Rent(4 << 20)).ToList();

        Assert.Equal(10, again.Count(part => memory.Contains(ArrayOf(part))));
    }

    [Fact]
    public void Recent_PastItsRoom_TheOldestGoesFirst()
    {
        var recent = new RecentParts();
        var kept = Enumerable.Range(0, 5).Select(_ => Keep(recent, 4 << 20)).ToList();

        Assert.Equal([false, .. Enumerable.Repeat(true, 4)], kept.Select(part => part.IsThere));
        var taken = kept[1].Take();
        Assert.NotNull(taken);
        Assert.Null(kept[1].Take());
        taken.Dispose();
    }

    [Fact]
    public void Recent_SmallParts_CountByTheMemoryThatTheyTake()
    {
        var recent = new RecentParts();

        var kept = Enumerable.Range(0, 1_000).Select(_ => Keep(recent, 1)).ToList();

        Assert.InRange(kept.Count(part => part.IsThere), 200, 272);
    }

    private RecentPart Keep(RecentParts recent, int length)
    {
        using var part = _buffers.Rent(length);
        return recent.Keep(part);
    }

    private static byte[] ArrayOf(PartBuffer part) =>
        MemoryMarshal.TryGetArray<byte>(part.Data, out var segment) ? segment.Array! : [];
}
