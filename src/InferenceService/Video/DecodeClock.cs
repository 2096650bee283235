namespace ForegSyte.Inference.Video;

/// <summary>Counts how long one segment waits for its decoders, and tells when that is too long.</summary>
/// <param name="limit">How long it may wait, all waits added up.</param>
/// <param name="meter">Is told each wait.</param>
/// <param name="time">The clock.</param>
internal sealed class DecodeClock(TimeSpan limit, DecodeMeter meter, TimeProvider time) : IDisposable
{
    private readonly CancellationTokenSource _passed = new(Timeout.InfiniteTimeSpan, time);

    /// <summary>Cancelled once the time is used up.</summary>
    public CancellationToken Passed => _passed.Token;

    /// <summary>Waits for a frame; null where the decoder ended.</summary>
    /// <exception cref="Hosting.Errors.ServiceException">VIDEO_LIMIT_EXCEEDED: the time is used up.</exception>
    public async Task<Frame?> MeasureAsync(Task<Frame?> reading)
    {
        if (!reading.IsCompletedSuccessfully)
        {
            var left = limit - meter.Waiting;
            _passed.CancelAfter(left > TimeSpan.Zero ? left : TimeSpan.Zero);
        }

        var started = time.GetTimestamp();
        var frame = await reading;
        _passed.CancelAfter(Timeout.InfiniteTimeSpan);
        meter.CountWaiting(time.GetElapsedTime(started));
        return frame is null && _passed.IsCancellationRequested
            ? throw VideoFailures.LimitExceeded(
                nameof(VideoOptions.DecodeTimeLimit), limit.ToString("c"),
                "Decoding the segment takes too long; ask for fewer frames.")
            : frame;
    }

    /// <inheritdoc />
    public void Dispose() => _passed.Dispose();
}
