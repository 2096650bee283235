using System.Buffers;

namespace ForegSyte.Exports;

/// <summary>
/// Collects small writes and sends them asynchronously in blocks, because HTTP responses accept no synchronous write.
/// Writing never blocks: a synchronous write only grows the buffer, which the next asynchronous one empties.
/// </summary>
/// <param name="destination">Receives the blocks; it is not closed.</param>
internal sealed class BufferedOutput(Stream destination) : Stream
{
    /// <summary>Size of a block: 64 KiB.</summary>
    public const int BlockBytes = 64 * 1024;

    private readonly ArrayBufferWriter<byte> _block = new(BlockBytes);
    private long _sent;

    /// <inheritdoc />
    public override bool CanRead => false;

    /// <inheritdoc />
    public override bool CanSeek => false;

    /// <inheritdoc />
    public override bool CanWrite => true;

    /// <summary>Number of bytes written.</summary>
    public override long Length => Position;

    /// <summary>Number of bytes written.</summary>
    public override long Position
    {
        get => _sent + _block.WrittenCount;
        set => throw new NotSupportedException();
    }

    /// <summary>Sends the block if it is full.</summary>
    public ValueTask DrainAsync(CancellationToken cancellationToken) =>
        _block.WrittenCount >= BlockBytes ? SendAsync(cancellationToken) : ValueTask.CompletedTask;

    /// <summary>Sends everything.</summary>
    public async Task CompleteAsync(CancellationToken cancellationToken)
    {
        await SendAsync(cancellationToken);
        await destination.FlushAsync(cancellationToken);
    }

    /// <inheritdoc />
    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    /// <inheritdoc />
    public override void Write(ReadOnlySpan<byte> buffer) => _block.Write(buffer);

    /// <inheritdoc />
    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        Write(buffer.Span);
        return DrainAsync(cancellationToken);
    }

    /// <inheritdoc />
    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    /// <summary>Does nothing, so that a writer's flushes do not cut the blocks.</summary>
    public override void Flush()
    {
    }

    /// <inheritdoc cref="Flush" />
    public override Task FlushAsync(CancellationToken cancellationToken) => DrainAsync(cancellationToken).AsTask();

    /// <inheritdoc />
    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    /// <inheritdoc />
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    /// <inheritdoc />
    public override void SetLength(long value) => throw new NotSupportedException();

    private async ValueTask SendAsync(CancellationToken cancellationToken)
    {
        if (_block.WrittenCount > 0)
        {
            await destination.WriteAsync(_block.WrittenMemory, cancellationToken);
            _sent += _block.WrittenCount;
            _block.ResetWrittenCount();
        }
    }
}
