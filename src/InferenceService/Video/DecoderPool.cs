using Microsoft.Extensions.Options;

namespace ForegSyte.Inference.Video;

/// <summary>
/// The decoders at work, and those that wait for the next segment of their job. Starting one costs as much as decoding
/// dozens of frames, and a start between two key frames decodes what lies before it once more: so the decoder of a job
/// goes on from segment to segment. A segment whose predecessor is still being read waits for its decoder, which loses
/// no time, since the frames of the predecessor are computed first anyway.
/// </summary>
internal sealed class DecoderPool(DecoderTools tools, IOptions<VideoOptions> options, TimeProvider time)
    : IAsyncDisposable
{
    private readonly Lock _lock = new();
    private readonly List<PooledDecoder> _decoders = [];
    private bool _isClosed;

    /// <summary>The ends of the decoders that nobody came back for.</summary>
    private Task _expired = Task.CompletedTask;

    /// <summary>Decoders that wait for a next segment.</summary>
    public int WaitingCount
    {
        get
        {
            lock (_lock)
            {
                return _decoders.Count(decoder => decoder.Segment is null);
            }
        }
    }

    /// <summary>A decoder that gives the wanted frames of a segment, perhaps after some before it.</summary>
    /// <param name="path">Canonical path of the video.</param>
    /// <param name="index">Its index.</param>
    /// <param name="segment">The segment; it wants at least one frame.</param>
    /// <param name="size">Size of the frames.</param>
    /// <param name="jobEndFrame">Frame after the last one that the segments to come want; 0 where none come.</param>
    /// <param name="cancellationToken">Ends the wait, and later the decoder.</param>
    /// <exception cref="Hosting.Errors.ServiceException">DECODER_LOST: it cannot be started.</exception>
    public async Task<DecoderLease> TakeAsync(
        string path, VideoIndex index, DecodePlan segment, FrameSize size, int jobEndFrame,
        CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        PooledDecoder? decoder;
        DecoderReservation? promise = null;
        lock (_lock)
        {
            decoder = FindWaiting(index, segment, size);
            if (decoder is not null)
            {
                Lend(decoder, segment);
            }
            else if (FindPredecessor(index, segment, size) is { } predecessor)
            {
                promise = predecessor.Promise = new DecoderReservation(segment);
            }
        }

        if (promise is not null)
        {
            decoder = await WaitAsync(promise, cancellationToken);
        }

        decoder ??= Start(path, index, segment, size, jobEndFrame);
        return new DecoderLease(this, decoder, cancellationToken);
    }

    /// <summary>Takes a decoder back; ends it where nobody needs it any more.</summary>
    /// <param name="decoder">The decoder.</param>
    /// <param name="position">Where it is; null where it is not to be used again.</param>
    public async ValueTask GiveBackAsync(PooledDecoder decoder, int? position)
    {
        lock (_lock)
        {
            var promise = decoder.Promise;
            decoder.Promise = null;
            if (position is { } reached)
            {
                decoder.Position = reached;
                if (promise is not null && !_isClosed)
                {
                    Lend(decoder, promise.Segment);
                    promise.Keep(decoder);
                    return;
                }

                if (MayWait(decoder))
                {
                    Keep(decoder);
                    return;
                }
            }

            _decoders.Remove(decoder);
            promise?.Keep(null);
        }

        await decoder.Reader.DisposeAsync();
    }

    /// <summary>Ends the decoders that wait; those at work end with their calls.</summary>
    public async ValueTask DisposeAsync()
    {
        PooledDecoder[] waiting;
        lock (_lock)
        {
            _isClosed = true;
            waiting = [.. _decoders.Where(decoder => decoder.Segment is null)];
            Array.ForEach(waiting, Forget);
        }

        foreach (var decoder in waiting)
        {
            await decoder.Reader.DisposeAsync();
        }

        await _expired;
    }

    private async Task<PooledDecoder?> WaitAsync(DecoderReservation promise, CancellationToken cancellationToken)
    {
        try
        {
            return await promise.Kept.WaitAsync(cancellationToken);
        }
        catch (OperationCanceledException)
        {
            if (!Withdraw(promise) && await promise.Kept is { } given)
            {
                await GiveBackAsync(given, given.Position);
            }

            throw;
        }
    }

    /// <summary>False where the promise was kept or taken back a moment before.</summary>
    private bool Withdraw(DecoderReservation promise)
    {
        lock (_lock)
        {
            if (_decoders.Find(decoder => decoder.Promise == promise) is { } predecessor)
            {
                predecessor.Promise = null;
                return true;
            }

            return false;
        }
    }

    private PooledDecoder Start(string path, VideoIndex index, DecodePlan segment, FrameSize size, int jobEndFrame)
    {
        var plan = segment.ExtendedTo(index, jobEndFrame);
        var command = tools.Ffmpeg(
            FfmpegArguments.Make(path, index, plan, size, options.Value, tools.HardwareArguments),
            path);
        var reader = new FfmpegFrameReader(command);
        var decoder = new PooledDecoder(reader, index, size, plan, time.GetTimestamp()) { Segment = segment };
        lock (_lock)
        {
            _decoders.Add(decoder);
        }

        return decoder;
    }

    private PooledDecoder? FindWaiting(VideoIndex index, DecodePlan segment, FrameSize size) => _decoders
        .Where(decoder => decoder.Segment is null && decoder.Fits(index, segment, size)
            && decoder.Position <= segment.FirstWanted
            && segment.FirstWanted - decoder.Position <= FramesAStartCosts(index, segment))
        .MaxBy(decoder => decoder.Position);

    /// <summary>The decoder of the segment just before, where nobody waits for it yet.</summary>
    private PooledDecoder? FindPredecessor(VideoIndex index, DecodePlan segment, FrameSize size) => _decoders.Find(
        decoder => decoder.Segment?.EndFrame == segment.StartFrame && decoder.Promise is null
            && decoder.Fits(index, segment, size));

    /// <summary>Frames that could be decoded in the time that a start of its own would cost the segment.</summary>
    private static long FramesAStartCosts(VideoIndex index, DecodePlan segment) =>
        segment.FirstWanted - segment.SeekFrame(index) + DecodePlan.FramesOfAStart(index);

    private static void Lend(PooledDecoder decoder, DecodePlan segment)
    {
        decoder.Expiry?.Dispose();
        decoder.Expiry = null;
        decoder.Segment = segment;
    }

    private bool MayWait(PooledDecoder decoder) =>
        !_isClosed && decoder.HasMore && time.GetElapsedTime(decoder.StartedAt) < LongestUse()
        && _decoders.Count(other => other.Segment is null) < options.Value.WaitingDecoders;

    /// <summary>
    /// A decoder that is used again has at least half of its processor time left: it computes on its own threads and
    /// one for the filters.
    /// </summary>
    private TimeSpan LongestUse() =>
        TimeSpan.FromSeconds(options.Value.ProcessCpuSeconds) / 2 / (options.Value.DecoderThreads + 1);

    private void Keep(PooledDecoder decoder)
    {
        decoder.Segment = null;
        decoder.Expiry = time.CreateTimer(
            _ => Expire(decoder), null, options.Value.DecoderWaitTime, Timeout.InfiniteTimeSpan);
    }

    private void Expire(PooledDecoder decoder)
    {
        lock (_lock)
        {
            // Lent a moment before the timer fired, or gone already.
            if (decoder.Segment is not null || !_decoders.Contains(decoder))
            {
                return;
            }

            Forget(decoder);
            _expired = Task.WhenAll(_expired, Task.Run(async () => await decoder.Reader.DisposeAsync()));
        }
    }

    private void Forget(PooledDecoder decoder)
    {
        decoder.Expiry?.Dispose();
        _decoders.Remove(decoder);
    }
}
