using System.Runtime.CompilerServices;
using ForegSyte.Hosting.Errors;
using ForegSyte.V1;
using Microsoft.Extensions.Options;

namespace ForegSyte.Inference.Video;

/// <summary>Gives the frames of a segment, each read only when it is asked for.</summary>
internal sealed class FrameSource(
    DecoderPool decoders, IOptions<VideoOptions> options, TimeProvider timeProvider, ILogger<FrameSource> logger)
{
    /// <summary>
    /// Decodes the wanted frames in ascending order; the one who enumerates owns and disposes each. Ending the
    /// enumeration early, or cancelling it, ends the decoder process.
    /// </summary>
    /// <param name="path">Canonical path from <see cref="VideoSources"/>.</param>
    /// <param name="index">The index of that file.</param>
    /// <param name="range">Frames to look at; null for all.</param>
    /// <param name="stride">Only multiples of this, counted from frame 0; 0 means 1.</param>
    /// <param name="jobEndFrame">
    /// Frame after the last one that later calls for the same video and stride will want: the decoder goes on to it
    /// and waits for them a while. 0 where there are none.
    /// </param>
    /// <param name="size">The size that the pipeline wants.</param>
    /// <param name="meter">Counts what became of the frames.</param>
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
        var stretches = plan.Stretches(index);

        // Under so large a stride a decoder would be on its way to the next segment for longer than one takes to start.
        var goOnTo = stretches.Count == 1 ? jobEndFrame : 0;
        using var clock = new DecodeClock(options.Value.DecodeTimeLimit, meter, timeProvider);
        var ahead = Take(0);
        try
        {
            for (var i = 0; i < stretches.Count; i++)
            {
                await using var decoder = await ahead;
                ahead = Take(i + 1);
                await foreach (var frame in ReadStretchAsync(
                    decoder, stretches[i], index, pixels, clock, cancellationToken))
                {
                    meter.CountDelivered();
                    yield return frame;
                }

                if (!decoder.IsComplete)
                {
                    await CheckEndAsync(decoder.Reader, path, plan, meter, isLast: i == stretches.Count - 1);
                }
            }
        }
        finally
        {
            await DiscardAsync(ahead);
        }

        // The next one starts while this one is read.
        Task<DecoderLease> Take(int stretch) => stretch < stretches.Count
            ? decoders.TakeAsync(path, index, stretches[stretch], pixels, goOnTo, cancellationToken)
            : Task.FromCanceled<DecoderLease>(new CancellationToken(canceled: true));
    }

    /// <summary>Gives back a decoder that was taken too early.</summary>
    private static async Task DiscardAsync(Task<DecoderLease> ahead)
    {
        await ((Task)ahead).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (ahead.IsCompletedSuccessfully)
        {
            await (await ahead).DisposeAsync();
        }
    }

    private static async IAsyncEnumerable<Frame> ReadStretchAsync(
        DecoderLease decoder, DecodePlan stretch, VideoIndex index, FrameSize size, DecodeClock clock,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await using var killOnTime = clock.Passed.Register(decoder.Reader.Kill);
        var next = stretch.FirstWanted;
        while (next <= stretch.LastWanted
            && await clock.MeasureAsync(decoder.Reader.ReadAsync(index, size, cancellationToken)) is { } frame)
        {
            if (frame.Index < next || !stretch.Wants(frame.Index))
            {
                // Of an earlier segment, not named by the filter (too many to name), or given twice by the decoder.
                frame.Dispose();
                continue;
            }

            next = frame.Index + 1;
            if (next > stretch.LastWanted)
            {
                // Before the last frame is handed out: whoever stops there has all that it wanted.
                decoder.Complete(next);
            }

            yield return frame;
        }
    }

    /// <summary>
    /// The output ended before the last wanted frame: damage, or a decoder that did not get to its end.
    /// </summary>
    private async Task CheckEndAsync(
        FfmpegFrameReader reader, string path, DecodePlan plan, DecodeMeter meter, bool isLast)
    {
        var exitCode = await reader.WaitForExitAsync();
        logger.LogWarning(
            "The decoder gave {Delivered} of {Wanted} frames and ended with {ExitCode}: {Tail}",
            meter.Delivered, plan.WantedCount, exitCode, reader.Tail);
        if (DecoderExit.SegmentFailure(
            exitCode, isLast ? plan.WantedCount : 0, meter.Delivered, reader.Tail, options.Value) is { } failure)
        {
            failure.LastWords = LastWords.Of(reader.Tail, path);
            throw failure;
        }
    }
}
