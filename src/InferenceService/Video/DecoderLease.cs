namespace ForegSyte.Inference.Video;

/// <summary>A decoder in the hands of one segment; disposing gives it back.</summary>
internal sealed class DecoderLease : IAsyncDisposable
{
    private readonly DecoderPool _pool;
    private readonly PooledDecoder _decoder;
    private readonly CancellationTokenRegistration _killOnCancel;
    private int? _position;

    /// <param name="pool">Where it goes back to.</param>
    /// <param name="decoder">The decoder.</param>
    /// <param name="cancellationToken">Ends the decoder, and so the reading.</param>
    public DecoderLease(DecoderPool pool, PooledDecoder decoder, CancellationToken cancellationToken)
    {
        _pool = pool;
        _decoder = decoder;
        _killOnCancel = cancellationToken.UnsafeRegister(
            static reader => ((FfmpegFrameReader)reader!).Kill(), decoder.Reader);
    }

    public FfmpegFrameReader Reader => _decoder.Reader;

    /// <summary>Whether <see cref="Complete"/> was called.</summary>
    public bool IsComplete => _position is not null;

    /// <summary>
    /// The segment has all its frames: the decoder may go on with the next one. Without this it is ended.
    /// </summary>
    /// <param name="position">No frame before this one comes from it any more.</param>
    public void Complete(int position) => _position = position;

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        // Waits for a kill that is under way, so that no decoder is given on that is about to end.
        await _killOnCancel.DisposeAsync();
        await _pool.GiveBackAsync(_decoder, _killOnCancel.Token.IsCancellationRequested ? null : _position);
    }
}
