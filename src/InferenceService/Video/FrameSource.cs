using System.Runtime.CompilerServices;
using ForegSyte.Hosting.Errors;
using ForegSyte.Inference.Memory;
using ForegSyte.Inference.RemoteVideos;
using ForegSyte.V1;
using ForegSyte.Video;
using Microsoft.Extensions.Options;

namespace ForegSyte.Inference.Video;

/// <summary>Decodes the frames of a segment, each when the caller asks for it.</summary>
/// <remarks>
/// If a decoder that started at a seek point complains at once or misses a frame, the seek point is checked. If
/// decoding cannot start there, the rest of the segment is decoded from an earlier point, at last from the beginning of
/// the file; only what such a decoder misses too is lost (ADR 33).
/// </remarks>
internal sealed class FrameSource(
    DecoderPool decoders,
    DamageScan scan,
    IOptions<VideoOptions> options,
    TimeProvider timeProvider,
    ILogger<FrameSource> logger)
{
    private static readonly Task<DecoderLease> NoLease =
        Task.FromCanceled<DecoderLease>(new CancellationToken(canceled: true));

    /// <summary>The ways to read a segment within the budget, the fastest first.</summary>
    /// <param name="index">The index of the file.</param>
    /// <param name="range">The segment; null for the whole video.</param>
    /// <param name="stride">Frame stride; 0 means 1.</param>
    /// <param name="size">The size that the pipeline asks for.</param>
    /// <param name="frames">Frames in memory at most.</param>
    /// <param name="kept">Further copies of frames that the pipeline keeps.</param>
    /// <exception cref="ServiceException">
    /// INVALID_FRAME_RANGE, INVALID_FIELD; VIDEO_LIMIT_EXCEEDED: the budget is too small.
    /// </exception>
    public IReadOnlyList<SegmentMemory> MemoryOf(
        VideoIndex index, FrameRange? range, int stride, DecodeSize size, int frames, int kept)
    {
        var hasParts = scan.HistoryOf(index).Split(index, DecodePlan.Make(index, range, stride)).Skip(1).Any();
        var (pixels, room) = (size.For(index.Info.Width, index.Info.Height), decoders.Room);
        var choices = SegmentMemory.Choices(
            index, pixels, options.Value.DecoderThreads, frames, kept, hasParts, room);
        return choices.Count > 0
            ? choices
            : throw VideoFailures.BeyondBudget(SegmentMemory.Least(index, pixels, kept, room), room.Bytes);
    }

    /// <summary>
    /// Decodes the wanted frames in ascending order; the caller owns and disposes each. Ending the enumeration early,
    /// or cancelling it, ends the decoder process.
    /// </summary>
    /// <param name="video">The video, from <see cref="VideoSources"/>.</param>
    /// <param name="index">The index of that file.</param>
    /// <param name="range">The segment; null for the whole video.</param>
    /// <param name="stride">Only multiples of this, counted from frame 0; 0 means 1.</param>
    /// <param name="jobEndFrame">
    /// Frame after the last one that later calls for the same video and stride will want; the decoder waits a while for
    /// them. 0 if none follow.
    /// </param>
    /// <param name="size">The size that the pipeline asks for.</param>
    /// <param name="meter">Counts the frames.</param>
    /// <param name="share">The memory of the segment, one of <see cref="MemoryOf"/>.</param>
    /// <param name="cancellationToken">Ends the decoder process.</param>
    /// <exception cref="ServiceException">
    /// INVALID_FRAME_RANGE, INVALID_FIELD, UNDECODABLE_VIDEO, VIDEO_LIMIT_EXCEEDED, DECODER_LOST, and those of
    /// <see cref="RemoteVideo.FetchFramesAsync"/>.
    /// </exception>
    /// <exception cref="PartialVideoException">The decoder read what was not fetched of a remote video.</exception>
    public async IAsyncEnumerable<Frame> ReadAsync(
        VideoFile video,
        VideoIndex index,
        FrameRange? range,
        int stride,
        int jobEndFrame,
        DecodeSize size,
        DecodeMeter meter,
        SegmentShare share,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var plan = DecodePlan.Make(index, range, stride);
        meter.Begin(plan);
        if (plan.WantedCount == 0)
        {
            yield break;
        }

        var pixels = size.For(index.Info.Width, index.Info.Height);
        var history = scan.HistoryOf(index);
        List<DecodePlan> parts = [.. history.Split(index, plan)];

        var isPartial = !await video.FetchFramesAsync(index, parts, cancellationToken);

        // A plan of several parts has a stride so large that a new decoder is less work than the frames in between.
        var decodeTo = parts.Count == 1 && !isPartial ? jobEndFrame : 0;
        using var timeout = new DecodeTimeout(options.Value.DecodeTimeLimit, meter, timeProvider);
        using var buffers = new PixelBuffers();
        var segment = new Segment(
            video, index, plan, pixels, decodeTo, timeout, meter, share, buffers, isPartial);
        var startsAhead = share.Memory.Decoders > 1;
        var next = LeaseAsync(0);
        try
        {
            for (var i = 0; i < parts.Count; i++)
            {
                var decoder = await next;
                next = startsAhead ? LeaseAsync(i + 1) : NoLease;
                await foreach (var frame in ReadPartAsync(
                    segment, decoder, parts[i], isLast: i == parts.Count - 1, cancellationToken))
                {
                    meter.CountDelivered();
                    yield return frame;
                }

                if (i + 1 < parts.Count && history.StartsAtBeginning)
                {
                    // The seek points of the remaining parts cannot be trusted.
                    await ReturnUnusedAsync(next);
                    var rest = parts[i + 1] with { EndFrame = plan.EndFrame, SeekTo = null, KeyFramesOnly = false };
                    parts.RemoveRange(i + 1, parts.Count - i - 1);
                    parts.Add(rest);
                    next = NoLease;
                }

                if (next == NoLease)
                {
                    next = LeaseAsync(i + 1);
                }
            }
        }
        finally
        {
            await ReturnUnusedAsync(next);
        }

        // The decoder of the next part starts while this part is read, if there is memory for both.
        Task<DecoderLease> LeaseAsync(int part) => part < parts.Count
            ? decoders.LeaseAsync(video, index, parts[part], pixels, decodeTo, share, cancellationToken)
            : NoLease;
    }

    /// <summary>Reads the frames of one part with one decoder, or more if one misses frames.</summary>
    private async IAsyncEnumerable<Frame> ReadPartAsync(
        Segment segment, DecoderLease first, DecodePlan part, bool isLast,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var (decoder, plan) = (first, part);
        while (true)
        {
            DecodePlan? again = null;
            await using (decoder)
            {
                await using var killOnTimeout = segment.Timeout.Passed.Register(decoder.Reader.Kill);
                var next = plan.FirstWanted;
                List<int> delivered = [];
                while (next <= plan.LastWanted)
                {
                    var frame = await segment.Timeout.ApplyAsync(
                        decoder.Reader.ReadAsync(segment.Size, segment.Buffers, cancellationToken));
                    if (frame is not null && (frame.Index < next || !plan.Wants(frame.Index)))
                    {
                        // Before the segment, not wanted (too many frames to name), or delivered twice.
                        frame.Dispose();
                        continue;
                    }

                    if (frame?.Index != next || delivered.Count == 0 && decoder.Reader.HasComplainedBeforeFrame)
                    {
                        again = await PlanRetryAsync(segment, decoder, plan, next, frame, cancellationToken);
                    }

                    if (frame is null || again is not null)
                    {
                        frame?.Dispose();
                        break;
                    }

                    delivered.Add(frame.Index);
                    next = frame.Index + plan.Stride;
                    if (next > plan.LastWanted)
                    {
                        // Before the yield: a caller that stops after the last frame has a complete segment.
                        decoder.Complete(frame.Index + 1);
                    }

                    yield return frame;
                }

                if (again is null && !decoder.IsComplete)
                {
                    await CheckEndAsync(segment, decoder.Reader, isLast);
                }

                await FindDamageAsync(segment, decoder, plan, delivered, again?.FirstWanted, cancellationToken);
            }

            if (again is null)
            {
                yield break;
            }

            plan = again;
            decoder = await decoders.LeaseAsync(
                segment.Video, segment.Index, plan, segment.Size, segment.DecodeTo, segment.Share, cancellationToken);
        }
    }

    /// <summary>
    /// The plan to decode the missing frames again; null if they are lost or if none is missing and the decoder started
    /// well.
    /// </summary>
    /// <param name="segment">The segment.</param>
    /// <param name="decoder">The decoder.</param>
    /// <param name="plan">What it decodes.</param>
    /// <param name="next">The next wanted frame.</param>
    /// <param name="frame">The frame that came; null at the end of the output.</param>
    /// <param name="cancellationToken">Ends the scan.</param>
    private async Task<DecodePlan?> PlanRetryAsync(
        Segment segment, DecoderLease decoder, DecodePlan plan, int next, Frame? frame,
        CancellationToken cancellationToken)
    {
        segment.RequireWhole(frame);
        var history = scan.HistoryOf(segment.Index);
        if (frame is null)
        {
            await CheckProcessAsync(segment, decoder.Reader);
        }

        var isKeyFrameMissing = frame?.Index != next && decoder.Plan.KeyFramesOnly;
        if (!isKeyFrameMissing)
        {
            if (decoder.Plan.SeekTo is not { } start || history.IsUsable(start))
            {
                return null;
            }

            var report = await ScanAsync(segment, decoder, frame, cancel => scan.JudgeAsync(
                segment.Video, segment.Index, start, decoder.Plan.FirstWanted,
                segment.Share.Memory.ScanBytes, cancel), cancellationToken);
            if (report.StartsIntact && frame is not null && !segment.Share.Memory.ScansBeside)
            {
                // The decoder ended for the scan.
                return plan with { StartFrame = next };
            }

            if (report.StartsIntact)
            {
                if (frame?.Index == next && !report.HasDamageFrom(next))
                {
                    // The decoder complained of frames before the first wanted one only.
                    decoder.Reader.Forgive();
                }

                return null;
            }
        }

        var again = history.Retry(segment.Index, plan, next);
        logger.LogInformation(
            "Seek point not usable: frame {Frame} is decoded again from frame {Start} ({Tail})",
            next, again.SeekFrame(segment.Index), decoder.Reader.Tail);
        return again;
    }

    /// <summary>
    /// Marks the delivered frames that are damaged, if the decoder complained or lost frames. Decoders do not complain
    /// of an empty sample.
    /// </summary>
    private async Task FindDamageAsync(
        Segment segment, DecoderLease decoder, DecodePlan plan, List<int> delivered, int? nextPlanFrom,
        CancellationToken cancellationToken)
    {
        var reader = decoder.Reader;
        var wanted = nextPlanFrom is { } end ? (end - plan.FirstWanted) / plan.Stride : plan.WantedCount;
        var lost = wanted - delivered.Count;
        if (wanted == 0 || lost == 0 && !reader.HasComplained && !segment.Index.HasEmptySamples)
        {
            return;
        }

        segment.RequireWhole(frame: null);
        var last = plan.FirstWanted + ((wanted - 1) * plan.Stride);
        var report = await ScanAsync(
            segment, decoder, frame: null, cancel => scan.FindAsync(
                segment.Video, segment.Index, plan.SeekTo, last, segment.Share.Memory.ScanBytes, cancel),
            cancellationToken);
        var damaged = delivered.Count(report.IsDamaged);
        if (lost == 0 && damaged == 0)
        {
            return;
        }

        var tail = report.Tail.Lines.Count > 0 ? report.Tail : reader.Tail;
        segment.Meter.MarkDamaged(delivered.Where(report.IsDamaged), DecoderLogExcerpt.Of(tail, segment.Video.Path));
        logger.LogWarning(
            "Frames lost or damaged: {Lost} lost and {Damaged} damaged of {Wanted} from frame {Frame}: {Tail}",
            lost, damaged, wanted, plan.FirstWanted, tail);
    }

    private static async Task<DamageReport> ScanAsync(
        Segment segment, DecoderLease decoder, Frame? frame, Func<CancellationToken, Task<DamageReport>> work,
        CancellationToken cancellationToken)
    {
        try
        {
            if (!segment.Share.Memory.ScansBeside)
            {
                await decoder.EndAsync();
            }

            return await segment.Timeout.RunAsync(work, cancellationToken);
        }
        catch
        {
            frame?.Dispose();
            throw;
        }
    }

    /// <summary>Throws if the process ended for a reason that the content of the video does not explain.</summary>
    private async Task CheckProcessAsync(Segment segment, FfmpegFrameReader reader)
    {
        var exitCode = await reader.WaitForExitAsync();
        if (DecoderExit.EndFailure(exitCode, reader.Tail, options.Value, LimitOf(segment)) is { } failure)
        {
            LogEarlyEnd(segment, reader, exitCode);
            failure.LastWords = DecoderLogExcerpt.Of(reader.Tail, segment.Video.Path);
            throw failure;
        }
    }

    /// <summary>
    /// Throws if the output ended before the last wanted frame for another reason than damaged frames.
    /// </summary>
    private async Task CheckEndAsync(Segment segment, FfmpegFrameReader reader, bool isLast)
    {
        var exitCode = await reader.WaitForExitAsync();
        LogEarlyEnd(segment, reader, exitCode);
        if (DecoderExit.SegmentFailure(
            exitCode, isLast ? segment.Plan.WantedCount : 0, segment.Meter.Delivered, reader.Tail, options.Value,
            LimitOf(segment))
            is { } failure)
        {
            failure.LastWords = DecoderLogExcerpt.Of(reader.Tail, segment.Video.Path);
            throw failure;
        }
    }

    private long? LimitOf(Segment segment) => decoders.AddressSpace(segment.Share.Memory);

    private void LogEarlyEnd(Segment segment, FfmpegFrameReader reader, int exitCode) => logger.LogWarning(
        "Decoder ended early with exit code {ExitCode} after {Delivered} of {Wanted} frames: {Tail}",
        exitCode, segment.Meter.Delivered, segment.Plan.WantedCount, reader.Tail);

    private static async Task ReturnUnusedAsync(Task<DecoderLease> next)
    {
        await ((Task)next).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (next.IsCompletedSuccessfully)
        {
            await (await next).DisposeAsync();
        }
    }

    /// <summary>One call of <see cref="ReadAsync"/>.</summary>
    /// <param name="Video">The video.</param>
    /// <param name="Index">Its index.</param>
    /// <param name="Plan">All wanted frames.</param>
    /// <param name="Size">Size of the frames.</param>
    /// <param name="DecodeTo">Frame after the last one that a decoder decodes for later calls; 0 for none.</param>
    /// <param name="Timeout">Limits the waits.</param>
    /// <param name="Meter">Counts the frames.</param>
    /// <param name="Share">Its memory.</param>
    /// <param name="Buffers">The buffers of its frames.</param>
    /// <param name="IsPartial">Whether bytes of a remote video are missing.</param>
    private sealed record Segment(
        VideoFile Video, VideoIndex Index, DecodePlan Plan, FrameSize Size, int DecodeTo, DecodeTimeout Timeout,
        DecodeMeter Meter, SegmentShare Share, PixelBuffers Buffers, bool IsPartial)
    {
        /// <summary>
        /// Throws if bytes are missing: a complaint or a missing frame may come from these, and only the whole file
        /// tells.
        /// </summary>
        public void RequireWhole(Frame? frame)
        {
            if (IsPartial)
            {
                frame?.Dispose();
                throw new PartialVideoException();
            }
        }
    }
}

