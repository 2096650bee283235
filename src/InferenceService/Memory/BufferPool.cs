using System.Numerics;

namespace ForegSyte.Inference.Memory;

/// <summary>
/// Pools large pinned buffers, last in first out. It holds as many buffers as were rented at the same time, up to
/// <see cref="MaxFreeBytes"/>.
/// </summary>
/// <remarks>
/// ArrayPool.Shared keeps one buffer of each size for each thread. Tensors move between threads, so that it
/// would hold dozens.
/// </remarks>
internal sealed class BufferPool<T>
    where T : unmanaged
{
    /// <summary>
    /// Maximum number of sizes; above it the least recently used size is evicted. A job has a few.
    /// </summary>
    public const int MaxSizes = 16;

    /// <summary>
    /// Maximum size of the free buffers in bytes; above it a returned buffer is left to the garbage collector. The
    /// tensors of the shipped pipelines stay below it.
    /// </summary>
    public const long MaxFreeBytes = 64 * 1024 * 1024;

    private readonly Lock _lock = new();
    private readonly LinkedList<(int Size, Stack<T[]> Free)> _byUse = new();

    private long _freeBytes;

    public static BufferPool<T> Shared { get; } = new();

    /// <summary>Rents a buffer of at least this length; its content is undefined.</summary>
    public T[] Rent(int length)
    {
        var size = SizeFor(length);
        lock (_lock)
        {
            if (Find(size) is { Count: > 0 } free)
            {
                _freeBytes -= BytesOf(size);
                return free.Pop();
            }
        }

        return GC.AllocateUninitializedArray<T>(size, pinned: true);
    }

    /// <summary>Returns a buffer; a buffer must be returned once only.</summary>
    public void Return(T[] buffer)
    {
        lock (_lock)
        {
            if (Find(buffer.Length) is not { } free)
            {
                free = new Stack<T[]>();
                _byUse.AddFirst((buffer.Length, free));
                if (_byUse.Count > MaxSizes)
                {
                    var (size, evicted) = _byUse.Last!.Value;
                    _freeBytes -= evicted.Count * BytesOf(size);
                    _byUse.RemoveLast();
                }
            }

            if (_freeBytes + BytesOf(buffer.Length) <= MaxFreeBytes)
            {
                _freeBytes += BytesOf(buffer.Length);
                free.Push(buffer);
            }
        }
    }

    /// <summary>
    /// Rounds a length up to a multiple of a quarter of the power of two below, so that similar lengths share buffers.
    /// </summary>
    internal static int SizeFor(int length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        var step = Math.Max(1, (int)(BitOperations.RoundUpToPowerOf2((uint)length + 1) / 8));
        return (int)Math.Min(Array.MaxLength, ((long)length + step - 1) / step * step);
    }

    private static long BytesOf(int length) => (long)length * System.Runtime.CompilerServices.Unsafe.SizeOf<T>();

    /// <summary>Finds the free buffers of a size and marks the size as used; null if it is not in the pool.</summary>
    private Stack<T[]>? Find(int size)
    {
        for (var node = _byUse.First; node is not null; node = node.Next)
        {
            if (node.Value.Size == size)
            {
                _byUse.Remove(node);
                _byUse.AddFirst(node);
                return node.Value.Free;
            }
        }

        return null;
    }
}
