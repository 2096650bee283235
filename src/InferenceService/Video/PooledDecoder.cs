namespace ForegSyte.Inference.Video;

/// <summary>
/// One running ffmpeg that goes through the wanted frames of a job, segment by segment. Its state is changed by
/// <see cref="DecoderPool"/> only.
/// </summary>
/// <param name="reader">The process, owned from here on.</param>
/// <param name="index">The video.</param>
/// <param name="size">Size of its frames.</param>
/// <param name="plan">All that it was started for.</param>
/// <param name="startedAt">Timestamp of the start.</param>
internal sealed class PooledDecoder(
    FfmpegFrameReader reader, VideoIndex index, FrameSize size, DecodePlan plan, long startedAt)
{
    public FfmpegFrameReader Reader { get; } = reader;

    public long StartedAt { get; } = startedAt;

    /// <summary>The segment that reads from it; null while it waits for one.</summary>
    public DecodePlan? Segment { get; set; }

    /// <summary>No frame before this one comes from it any more.</summary>
    public int Position { get; set; } = plan.FirstWanted;

    /// <summary>The segment that was promised it.</summary>
    public DecoderReservation? Promise { get; set; }

    /// <summary>Ends the wait for a next segment.</summary>
    public ITimer? Expiry { get; set; }

    /// <summary>Whether there is anything left for a next segment.</summary>
    public bool HasMore => Position <= plan.LastWanted;

    /// <summary>
    /// Whether its frames are those that a segment wants. Whether they are still to come is another question. The
    /// index is compared by reference: a file that was changed has another one.
    /// </summary>
    public bool Fits(VideoIndex ofVideo, DecodePlan segment, FrameSize atSize) =>
        ReferenceEquals(index, ofVideo) && size == atSize && plan.Stride == segment.Stride
        && plan.KeyFramesOnly == segment.KeyFramesOnly
        && segment.FirstWanted >= plan.FirstWanted && segment.LastWanted <= plan.LastWanted;
}
