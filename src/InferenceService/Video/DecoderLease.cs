namespace ForegSyte.Inference.Video;

/// <summary>The use of a decoder by one segment; disposing it returns the decoder to the pool.</summary>
internal sealed class DecoderLease : IAsyncDisposable
{
    private readonly DecoderPool _pool;
    private readonly Decoder _decoder;
    private readonly SegmentShare _share;
    private readonly CancellationTokenRegistration _killOnCancel;
    private int? _position;

    /// <param name="pool">The owner.</param>
    /// <param name="decoder">The decoder.</param>
    /// <param name="share">The memory of the segment.</param>
    /// <param name="cancellationToken">Kills the decoder, and so ends the reading.</param>
    public DecoderLease(
        DecoderPool pool, Decoder decoder, SegmentShare share, CancellationToken cancellationToken)
    {
        (_pool, _decoder, _share) = (pool, decoder, share);
        _killOnCancel = cancellationToken.UnsafeRegister(
            static reader => ((FfmpegFrameReader)reader!).Kill(), decoder.Reader);
    }

    public FfmpegFrameReader Reader => _decoder.Reader;

    /// <summary>The plan with which the decoder was started, perhaps for an earlier segment.</summary>
    public DecodePlan Plan => _decoder.Plan;

    /// <summary>Whether the segment has all its frames.</summary>
    public bool IsComplete => _position is not null;

    /// <summary>
    /// Marks the segment as complete, so that a later one can use the decoder. Otherwise the decoder ends.
    /// </summary>
    /// <param name="position">The first frame that the decoder can still deliver.</param>
    public void Complete(int position) => _position = position;

    /// <summary>Ends the decoder, which gives back its memory before its lease ends.</summary>
    public async Task EndAsync()
    {
        _position = null;
        Reader.Kill();
        await Reader.WaitForExitAsync();
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        // Waits for a kill in progress: a decoder that is about to end must not go to the next segment.
        await _killOnCancel.DisposeAsync();
        await _pool.ReturnAsync(_decoder, _killOnCancel.Token.IsCancellationRequested ? null : _position, _share);
    }
}
