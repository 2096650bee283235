using System.Collections.Concurrent;
using System.Numerics;

namespace ForegSyte.Jobs.Uploads;

/// <summary>
/// Memory for parts on their way to the disk, used again and again: new memory for each part would have to be cleared,
/// found by the processor and collected, at a cost near that of receiving it. Safe for many threads.
/// </summary>
internal sealed class PartBuffers
{
    /// <summary>
    /// Most bytes that lie idle for the next parts: twenty parts of the client's size, more than one upload needs at
    /// the same time. With less, memory would be left to the collector and made anew all the time.
    /// </summary>
    private const long MaxIdleBytes = 40 << 20;

    private const int SmallestBytes = 64 << 10;

    /// <summary>Those of this process: messages are read before there is a service to ask.</summary>
    public static readonly PartBuffers Shared = new();

    /// <summary>The idle ones by the logarithm of their size.</summary>
    private readonly ConcurrentBag<byte[]>[] _idle =
        [.. Enumerable.Range(0, 32).Select(_ => new ConcurrentBag<byte[]>())];

    private long _idleBytes;

    /// <summary>Memory for a part of so many bytes; disposing it gives it back.</summary>
    public PartBuffer Rent(int length)
    {
        var bytes = (int)BitOperations.RoundUpToPowerOf2((uint)Math.Max(length, SmallestBytes));
        if (IdleOf(bytes).TryTake(out var memory))
        {
            Interlocked.Add(ref _idleBytes, -bytes);
        }
        else
        {
            // Pinned memory never moves, and where nobody gives it back the garbage collector takes it all the same.
            memory = GC.AllocateUninitializedArray<byte>(bytes + PartBuffer.Alignment, pinned: true);
        }

        return new PartBuffer(this, memory, length);
    }

    /// <summary>Takes memory back.</summary>
    public void Return(byte[] memory)
    {
        var bytes = memory.Length - PartBuffer.Alignment;
        if (Interlocked.Add(ref _idleBytes, bytes) <= MaxIdleBytes)
        {
            IdleOf(bytes).Add(memory);
        }
        else
        {
            Interlocked.Add(ref _idleBytes, -bytes);
        }
    }

    private ConcurrentBag<byte[]> IdleOf(int bytes) => _idle[BitOperations.Log2((uint)bytes)];
}
