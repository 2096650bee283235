using System.Numerics;

namespace ForegSyte.Inference.Memory;

/// <summary>
/// Large buffers that are used again, the one given back last first: as many live as were in use at the same time.
/// (ArrayPool.Shared keeps one for each thread beside that. Frames and tensors move between threads, so that it would
/// hold dozens of each size, and allocate until it does.) Buffers are pinned, since models and pipes work on them.
/// </summary>
internal sealed class BufferPool<T>
    where T : unmanaged
{
    /// <summary>
    /// Sizes that are kept; the buffers of the size that was not used for longest are let go first. A job has a few.
    /// </summary>
    public const int MaxSizes = 16;

    private readonly Lock _lock = new();
    private readonly LinkedList<(int Size, Stack<T[]> Free)> _byUse = new();

    /// <summary>The pool of the process.</summary>
    public static BufferPool<T> Shared { get; } = new();

    /// <summary>A buffer of at least this length, with whatever was in it before.</summary>
    public T[] Rent(int length)
    {
        var size = SizeFor(length);
        lock (_lock)
        {
            if (Find(size) is { Count: > 0 } free)
            {
                return free.Pop();
            }
        }

        return GC.AllocateUninitializedArray<T>(size, pinned: true);
    }

    /// <summary>Gives a buffer back, once.</summary>
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
                    _byUse.RemoveLast();
                }
            }

            free.Push(buffer);
        }
    }

    /// <summary>
    /// Rounded up to a quarter of the power of two below, so that lengths that are alike share buffers.
    /// </summary>
    internal static int SizeFor(int length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        var step = Math.Max(1, (int)(BitOperations.RoundUpToPowerOf2((uint)length + 1) / 8));
        return (int)Math.Min(Array.MaxLength, ((long)length + step - 1) / step * step);
    }

    /// <summary>The free buffers of a size, which counts as used now; null where the size is not kept.</summary>
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
