namespace ForegSyte.Jobs.Storage.S3;

/// <summary>
/// Reads an object by ranges, asynchronously. A range is small after a seek and grows while the reads are sequential,
/// so that both a look into a document and a whole video are cheap.
/// </summary>
internal sealed class S3ReadStream : Stream
{
    /// <summary>Size of the first range, and of the first one after a seek.</summary>
    public const int FirstRangeBytes = 64 << 10;

    /// <summary>Maximum size of a range, which is also the memory of the stream.</summary>
    public const int MaxRangeBytes = 4 << 20;

    private readonly S3Bucket _bucket;
    private readonly string _name;
    private readonly string _etag;
    private byte[] _block;
    private long _blockOffset;
    private int _blockBytes;
    private long _position;

    private S3ReadStream(S3Bucket bucket, string name, byte[] block, ObjectRange first)
    {
        (_bucket, _name, _block, _blockBytes) = (bucket, name, block, first.Count);
        (Length, _etag) = (first.TotalBytes, first.Etag);
    }

    /// <inheritdoc />
    public override bool CanRead => true;

    /// <inheritdoc />
    public override bool CanSeek => true;

    /// <inheritdoc />
    public override bool CanWrite => false;

    /// <inheritdoc />
    public override long Length { get; }

    /// <inheritdoc />
    public override long Position
    {
        get => _position;
        set
        {
            ArgumentOutOfRangeException.ThrowIfNegative(value);
            _position = value;
        }
    }

    /// <summary>Opens an object with one request, which also reads its first bytes.</summary>
    /// <exception cref="FileNotFoundException">The object does not exist.</exception>
    public static async Task<Stream> OpenAsync(S3Bucket bucket, string name, CancellationToken cancellationToken)
    {
        var block = new byte[FirstRangeBytes];
        try
        {
            var first = await bucket.ReadAsync(name, 0, block, etag: null, cancellationToken);
            return new S3ReadStream(bucket, name, block, first);
        }
        catch (Exception failure) when (S3Failures.IsPastTheEnd(failure))
        {
            // Every range lies outside an empty object.
            return new MemoryStream([], writable: false);
        }
    }

    /// <inheritdoc />
    public override async ValueTask<int> ReadAsync(
        Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (buffer.IsEmpty || _position >= Length)
        {
            return 0;
        }

        if (_position < _blockOffset || _position >= _blockOffset + _blockBytes)
        {
            await FetchAsync(buffer.Length, cancellationToken);
        }

        var start = (int)(_position - _blockOffset);
        var count = Math.Min(buffer.Length, _blockBytes - start);
        _block.AsMemory(start, count).CopyTo(buffer);
        _position += count;
        return count;
    }

    /// <inheritdoc />
    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    /// <inheritdoc />
    public override int Read(byte[] buffer, int offset, int count) =>
        throw new NotSupportedException("Objects are read asynchronously.");

    /// <inheritdoc />
    public override long Seek(long offset, SeekOrigin origin) => Position = origin switch
    {
        SeekOrigin.Begin => offset,
        SeekOrigin.Current => _position + offset,
        SeekOrigin.End => Length + offset,
        _ => throw new ArgumentOutOfRangeException(nameof(origin), origin, "The origin is unknown."),
    };

    /// <inheritdoc />
    public override void Flush()
    {
        // Nothing is written.
    }

    /// <inheritdoc />
    public override void SetLength(long value) => throw new NotSupportedException();

    /// <inheritdoc />
    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    /// <summary>Fetches the range at the position.</summary>
    /// <param name="wanted">Number of bytes that the caller reads now.</param>
    /// <param name="cancellationToken">Cancels the request.</param>
    private async Task FetchAsync(int wanted, CancellationToken cancellationToken)
    {
        var isSequential = _position == _blockOffset + _blockBytes;
        var size = Math.Clamp(
            isSequential ? Math.Max(2 * _blockBytes, wanted) : wanted, FirstRangeBytes, MaxRangeBytes);
        size = (int)Math.Min(size, Length - _position);
        if (_block.Length < size)
        {
            _block = new byte[size];
        }

        // A read that fails leaves a block of nothing.
        _blockBytes = 0;
        var range = await _bucket.ReadAsync(_name, _position, _block.AsMemory(0, size), _etag, cancellationToken);
        (_blockOffset, _blockBytes) = (_position, range.Count);
    }
}
