using System.Runtime.CompilerServices;
using ForegSyte.Hosting.Errors;
using ForegSyte.V1;
using Microsoft.Extensions.Options;

namespace ForegSyte.Inference.Video;

/// <summary>Gives the frames of a segment, each read only when it is asked for.</summary>
internal sealed class FrameSource(
    DecoderTools tools, IOptions<VideoOptions> options, TimeProvider timeProvider, ILogger<FrameSource> logger)
{
    /// <summary>
    /// Decodes the wanted frames in ascending order; the one who enumerates owns and disposes each. Ending the
    /// enumeration early, or cancelling it, ends the decoder process.
    /// </summary>
    /// <param name="path">Canonical path from <see cref="VideoSources"/>.</param>
    /// <param name="index">The index of that file.</param>
    /// <param name="range">Frames to look at; null for all.</param>
    /// <param name="stride">Only multiples of this, counted from frame 0; 0 means 1.</param>
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

        var width = size.Width ?? index.Info.Width;
        var height = size.Height ?? index.Info.Height;
        var command = tools.Ffmpeg(
            FfmpegArguments.Make(path, index, plan, width, height, options.Value, tools.HardwareArguments), path);
        await using var reader = new FfmpegFrameReader(command, cancellationToken);
        var next = plan.FirstWanted;
        while (next <= plan.LastWanted
            && await ReadNextAsync(reader, index, new FrameSize(width, height), meter, cancellationToken) is { } frame)
        {
            if (frame.Index < next || !plan.Wants(frame.Index))
            {
                // Not named by the filter (too many to name), or given twice by the decoder.
                frame.Dispose();
                continue;
            }

            next = frame.Index + 1;
            meter.CountDelivered();
            yield return frame;
        }

        if (next <= plan.LastWanted)
        {
            await CheckEndAsync(reader, plan, meter);
        }
    }

    private async Task<Frame?> ReadNextAsync(
        FfmpegFrameReader reader,
        VideoIndex index,
        FrameSize size,
        DecodeMeter meter,
        CancellationToken cancellationToken)
    {
        var left = options.Value.DecodeTimeLimit - meter.Waiting;
        using var timeLimit = new CancellationTokenSource(left > TimeSpan.Zero ? left : TimeSpan.Zero, timeProvider);
        await using var killOnTime = timeLimit.Token.Register(reader.Kill);
        var started = timeProvider.GetTimestamp();
        var frame = await reader.ReadAsync(index, size, cancellationToken);
        meter.CountWaiting(timeProvider.GetElapsedTime(started));
        return frame is null && timeLimit.IsCancellationRequested
            ? throw VideoFailures.LimitExceeded(
                nameof(VideoOptions.DecodeTimeLimit),
                options.Value.DecodeTimeLimit.ToString("c"),
                "Decoding the segment takes too long; ask for fewer frames.")
            : frame;
    }

    /// <summary>
    /// The output ended before the last wanted frame: damage, or a decoder that did not get to its end.
    /// </summary>
    private async Task CheckEndAsync(FfmpegFrameReader reader, DecodePlan plan, DecodeMeter meter)
    {
        var exitCode = await reader.WaitForExitAsync();
        logger.LogWarning(
            "The decoder gave {Delivered} of {Wanted} frames and ended with {ExitCode}: {Tail}",
            meter.Delivered, plan.WantedCount, exitCode, reader.Tail);
        if (DecoderExit.SegmentFailure(
            exitCode, plan.WantedCount, meter.Delivered, reader.Tail, options.Value) is { } failure)
        {
            throw failure;
        }
    }
}
