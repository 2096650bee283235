using System.Buffers;
using System.Runtime.InteropServices;

namespace ForegSyte.Inference.Memory;

/// <summary>
/// Bytes outside the managed heap; whoever holds them must dispose them. That returns the memory at once; a heap would
/// keep it until some later collection, while the budget counts it as free.
/// </summary>
internal sealed unsafe class PixelBuffer : MemoryManager<byte>
{
    private byte* _start;

    /// <param name="length">Number of bytes; their content is undefined.</param>
    public PixelBuffer(int length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        Length = length;
        _start = (byte*)NativeMemory.Alloc((nuint)length);
    }

    public int Length { get; }

    /// <summary>The bytes as an object that is safe to keep: after the end it throws.</summary>
    public new Memory<byte> Memory => CreateMemory(Length);

    /// <summary>Frees the memory.</summary>
    public void Free() => ((IDisposable)this).Dispose();

    /// <inheritdoc />
    public override Span<byte> GetSpan()
    {
        ObjectDisposedException.ThrowIf(_start is null, this);
        return new Span<byte>(_start, Length);
    }

    /// <inheritdoc />
    public override MemoryHandle Pin(int elementIndex = 0)
    {
        ObjectDisposedException.ThrowIf(_start is null, this);
        return new MemoryHandle(_start + elementIndex);
    }

    /// <inheritdoc />
    public override void Unpin()
    {
        // Native memory does not move.
    }

    /// <inheritdoc />
    protected override void Dispose(bool disposing)
    {
        NativeMemory.Free(_start);
        _start = null;
    }
}

/// <summary>
/// The buffers of one segment's frames, which all have one size. It holds as many as were rented at the same time, and
/// frees all when the segment ends.
/// </summary>
internal sealed class PixelBuffers : IDisposable
{
    private readonly Lock _lock = new();
    private readonly Stack<PixelBuffer> _free = new();
    private bool _isDisposed;

    /// <summary>Rents a buffer of this length.</summary>
    public PixelBuffer Rent(int length)
    {
        lock (_lock)
        {
            if (_free.TryPeek(out var free) && free.Length == length)
            {
                return _free.Pop();
            }
        }

        return new PixelBuffer(length);
    }

    /// <summary>Returns a buffer; after the end of the segment it is freed.</summary>
    public void Return(PixelBuffer buffer)
    {
        lock (_lock)
        {
            if (!_isDisposed)
            {
                _free.Push(buffer);
                return;
            }
        }

        buffer.Free();
    }

    /// <summary>Frees the buffers; rented ones follow when they are returned.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            _isDisposed = true;
            while (_free.TryPop(out var buffer))
            {
                buffer.Free();
            }
        }
    }
}
