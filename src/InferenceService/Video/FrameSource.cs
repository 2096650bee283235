using System.Runtime.CompilerServices;
using ForegSyte.Hosting.Errors;
using ForegSyte.Protocol.Errors;
using ForegSyte.V1;
using ForegSyte.Video;
using Microsoft.Extensions.Options;

namespace ForegSyte.Inference.Video;

/// <summary>Decodes the frames of a segment, each when the caller asks for it.</summary>
internal sealed class FrameSource(
    DecoderPool decoders, IOptions<VideoOptions> options, TimeProvider timeProvider, ILogger<FrameSource> logger)
{
    /// <summary>
    /// Decodes the wanted frames in ascending order; the caller owns and disposes each. Ending the enumeration early,
    /// or cancelling it, ends the decoder process.
    /// </summary>
    /// <param name="path">Canonical path from <see cref="VideoSources"/>.</param>
    /// <param name="index">The index of that file.</param>
    /// <param name="range">The segment; null for the whole video.</param>
    /// <param name="stride">Only multiples of this, counted from frame 0; 0 means 1.</param>
    /// <param name="jobEndFrame">
    /// Frame after the last one that later calls for the same video and stride will want; the decoder waits a while for
    /// them. 0 if none follow.
    /// </param>
    /// <param name="size">The size that the pipeline asks for.</param>
    /// <param name="meter">Counts the frames.</param>
    /// <param name="cancellationToken">Ends the decoder process.</param>
    /// <exception cref="ServiceException">
    /// INVALID_FRAME_RANGE, INVALID_FIELD, UNDECODABLE_VIDEO, VIDEO_LIMIT_EXCEEDED, DECODER_LOST.
    /// </exception>
    public async IAsyncEnumerable<Frame> ReadAsync(
        string path,
        VideoIndex index,
        FrameRange? range,
        int stride,
        int jobEndFrame,
        DecodeSize size,
        DecodeMeter meter,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var plan = DecodePlan.Make(index, range, stride);
        meter.Begin(plan);
        if (plan.WantedCount == 0)
        {
            yield break;
        }

        var pixels = new FrameSize(size.Width ?? index.Info.Width, size.Height ?? index.Info.Height);
        var parts = plan.Split(index);

        // A plan of several parts has a stride so large that a new decoder is less work than the frames in between.
        var decodeTo = parts.Count == 1 ? jobEndFrame : 0;
        using var timeout = new DecodeTimeout(options.Value.DecodeTimeLimit, meter, timeProvider);
        var next = LeaseAsync(0);
        try
        {
            for (var i = 0; i < parts.Count; i++)
            {
                await using var decoder = await next;
                next = LeaseAsync(i + 1);
                await foreach (var frame in ReadPartAsync(
                    decoder, parts[i], index, pixels, timeout, cancellationToken))
                {
                    meter.CountDelivered();
                    yield return frame;
                }

                if (!decoder.IsComplete)
                {
                    await CheckEndAsync(decoder.Reader, path, plan, meter, isLast: i == parts.Count - 1);
                }
            }
        }
        finally
        {
            await ReturnUnusedAsync(next);
        }

        // The decoder of the next part starts while this part is read.
        Task<DecoderLease> LeaseAsync(int part) => part < parts.Count
            ? decoders.LeaseAsync(path, index, parts[part], pixels, decodeTo, cancellationToken)
            : Task.FromCanceled<DecoderLease>(new CancellationToken(canceled: true));
    }

    private static async IAsyncEnumerable<Frame> ReadPartAsync(
        DecoderLease decoder, DecodePlan part, VideoIndex index, FrameSize size, DecodeTimeout timeout,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await using var killOnTimeout = timeout.Passed.Register(decoder.Reader.Kill);
        var next = part.FirstWanted;
        while (next <= part.LastWanted
            && await timeout.ApplyAsync(decoder.Reader.ReadAsync(size, cancellationToken)) is { } frame)
        {
            if (frame.Index < next || !part.Wants(frame.Index))
            {
                // Before the segment, not wanted (too many frames to name), or delivered twice.
                frame.Dispose();
                continue;
            }

            next = frame.Index + 1;
            if (next > part.LastWanted)
            {
                // Before the yield: a caller that stops after the last frame has a complete segment.
                decoder.Complete(next);
            }

            yield return frame;
        }
    }

    /// <summary>
    /// Throws if the output ended before the last wanted frame for another reason than damaged frames.
    /// </summary>
    private async Task CheckEndAsync(
        FfmpegFrameReader reader, string path, DecodePlan plan, DecodeMeter meter, bool isLast)
    {
        var exitCode = await reader.WaitForExitAsync();
        logger.LogWarning(
            "Decoder ended early with exit code {ExitCode} after {Delivered} of {Wanted} frames: {Tail}",
            exitCode, meter.Delivered, plan.WantedCount, reader.Tail);
        if (DecoderExit.SegmentFailure(
            exitCode, isLast ? plan.WantedCount : 0, meter.Delivered, reader.Tail, options.Value) is { } failure)
        {
            failure.LastWords = DecoderLogExcerpt.Of(reader.Tail, path);
            throw failure;
        }
    }

    private static async Task ReturnUnusedAsync(Task<DecoderLease> next)
    {
        await ((Task)next).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (next.IsCompletedSuccessfully)
        {
            await (await next).DisposeAsync();
        }
    }
}

/// <summary>Counts the frames of one segment. The counts are final once the reading has ended.</summary>
internal sealed class DecodeMeter
{
    private int _inRange;
    private int _wanted;

    /// <summary>Time spent waiting for the decoder.</summary>
    public TimeSpan Waiting { get; private set; }

    /// <summary>Number of frames that the pipeline received.</summary>
    public int Delivered { get; private set; }

    /// <summary>
    /// The counts, with total = analyzed + skipped + failed. Damage is the only reason for which a single frame
    /// fails; every other failure fails the segment.
    /// </summary>
    public FrameAccounting ToAccounting()
    {
        var frames = new FrameAccounting
        {
            Total = _inRange,
            Analyzed = Delivered,
            Skipped = _inRange - _wanted,
            Failed = _wanted - Delivered,
        };
        if (frames.Failed > 0)
        {
            frames.Failures.Add(
                new FrameFailureCount { Reason = ErrorReason.UndecodableVideo.ToText(), FrameCount = frames.Failed });
        }

        return frames;
    }

    public void Begin(DecodePlan plan) => (_inRange, _wanted) = (plan.RangeCount, plan.WantedCount);

    public void CountDelivered() => Delivered++;

    public void AddWaiting(TimeSpan time) => Waiting += time;
}

/// <summary>Limits the time that one segment waits for its decoders, all waits added up.</summary>
/// <param name="limit">The limit.</param>
/// <param name="meter">Adds up the waits.</param>
/// <param name="time">The clock.</param>
internal sealed class DecodeTimeout(TimeSpan limit, DecodeMeter meter, TimeProvider time) : IDisposable
{
    private readonly CancellationTokenSource _passed = new(Timeout.InfiniteTimeSpan, time);

    /// <summary>Cancelled when the limit is reached.</summary>
    public CancellationToken Passed => _passed.Token;

    /// <summary>Waits for a frame; null at the end of the decoder's output.</summary>
    /// <exception cref="ServiceException">VIDEO_LIMIT_EXCEEDED: the limit is reached.</exception>
    public async Task<Frame?> ApplyAsync(Task<Frame?> reading)
    {
        if (!reading.IsCompletedSuccessfully)
        {
            var left = limit - meter.Waiting;
            _passed.CancelAfter(left > TimeSpan.Zero ? left : TimeSpan.Zero);
        }

        var started = time.GetTimestamp();
        var frame = await reading;
        _passed.CancelAfter(Timeout.InfiniteTimeSpan);
        meter.AddWaiting(time.GetElapsedTime(started));
        return frame is null && _passed.IsCancellationRequested
            ? throw VideoFailures.LimitExceeded(
                nameof(VideoOptions.DecodeTimeLimit), limit.ToString("c"),
                "Decoding the segment takes too long; ask for fewer frames.")
            : frame;
    }

    /// <inheritdoc />
    public void Dispose() => _passed.Dispose();
}
