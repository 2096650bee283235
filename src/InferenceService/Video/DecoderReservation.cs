namespace ForegSyte.Inference.Video;

/// <summary>A segment that waits for the decoder of the segment before it.</summary>
/// <param name="segment">The segment.</param>
internal sealed class DecoderReservation(DecodePlan segment)
{
    private readonly TaskCompletionSource<PooledDecoder?> _kept =
        new(TaskCreationOptions.RunContinuationsAsynchronously);

    public DecodePlan Segment { get; } = segment;

    /// <summary>The decoder; null where it ended and the segment needs one of its own.</summary>
    public Task<PooledDecoder?> Kept => _kept.Task;

    /// <summary>Keeps the promise, or takes it back with null.</summary>
    public void Keep(PooledDecoder? decoder) => _kept.SetResult(decoder);
}
