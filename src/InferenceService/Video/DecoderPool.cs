using ForegSyte.Inference.Memory;
using ForegSyte.Video;
using Microsoft.Extensions.Options;

namespace ForegSyte.Inference.Video;

/// <summary>Starts decoders, and leases the decoder of a job to its segments one after the other.</summary>
/// <remarks>
/// A decoder's start costs as much as dozens of frames, and a start between two key frames decodes the frames before it
/// again (ADR 23 has the measurements). A segment that is requested while the one before it is read waits for that
/// decoder; it loses no time, because the models compute the earlier frames first.
/// </remarks>
internal sealed class DecoderPool : IAsyncDisposable
{
    private readonly DecoderTools _tools;
    private readonly MemoryBudget _memory;
    private readonly IOptions<VideoOptions> _options;
    private readonly IOptions<MemoryOptions> _memoryOptions;
    private readonly TimeProvider _time;
    private readonly Lock _lock = new();
    private readonly List<Decoder> _decoders = [];
    private bool _isDisposed;

    /// <summary>Completes when all decoders that nobody leased in time have ended.</summary>
    private Task _expired = Task.CompletedTask;

    public DecoderPool(
        DecoderTools tools, MemoryBudget memory, IOptions<VideoOptions> options,
        IOptions<MemoryOptions> memoryOptions, TimeProvider time)
    {
        (_tools, _memory, _options, _memoryOptions, _time) = (tools, memory, options, memoryOptions, time);
        _memory.Missing += EndIdle;
    }

    /// <summary>The memory that segments have.</summary>
    public MemoryRoom Room => _tools.Room(_memory.Bytes);

    /// <summary>Number of decoders that were started.</summary>
    public int StartCount { get; private set; }

    /// <summary>Number of decoders that no segment uses.</summary>
    public int IdleCount
    {
        get
        {
            lock (_lock)
            {
                return _decoders.Count(decoder => decoder.IsIdle);
            }
        }
    }

    /// <summary>
    /// Leases a decoder that delivers the wanted frames of a segment, perhaps after some earlier frames. Reuses the
    /// decoder of an earlier segment of the job if that is less work than a start.
    /// </summary>
    /// <param name="video">The video.</param>
    /// <param name="index">Its index.</param>
    /// <param name="segment">The segment; it wants at least one frame.</param>
    /// <param name="size">Size of the frames.</param>
    /// <param name="jobEndFrame">Frame after the last one that later segments want; 0 if none follow.</param>
    /// <param name="share">The memory of the segment, in which the decoder must fit.</param>
    /// <param name="cancellationToken">Ends the wait, and later the decoder.</param>
    /// <exception cref="Hosting.Errors.ServiceException">DECODER_LOST: ffmpeg cannot start.</exception>
    public async Task<DecoderLease> LeaseAsync(
        VideoFile video, VideoIndex index, DecodePlan segment, FrameSize size, int jobEndFrame,
        SegmentShare share, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (Reserve(index, segment, size, share.Memory) is { } shared)
        {
            try
            {
                await shared.Turn.WaitAsync(cancellationToken);
            }
            catch (OperationCanceledException)
            {
                await LeaveAsync(shared, share);
                throw;
            }

            var lease = new DecoderLease(this, shared, share, cancellationToken);
            if (!shared.HasEnded && shared.Position <= segment.FirstWanted)
            {
                return lease;
            }

            lease.Complete(shared.Position);
            await lease.DisposeAsync();
        }

        return new DecoderLease(
            this, Start(video, index, segment, size, jobEndFrame, share.Memory), share, cancellationToken);
    }

    /// <summary>The limit of address space of a segment's decoder in bytes; null if the sandbox sets none.</summary>
    public long? AddressSpace(SegmentMemory memory) =>
        _tools.AddressSpace(memory.DecoderBytes, memory.DecoderThreads, _memoryOptions.Value);

    /// <summary>Takes a decoder back after a lease; ends it if no later segment can use it.</summary>
    /// <param name="decoder">The decoder.</param>
    /// <param name="position">The first frame that it can still deliver; null if it must end.</param>
    /// <param name="share">The memory of the segment that used it.</param>
    public async ValueTask ReturnAsync(Decoder decoder, int? position, SegmentShare share)
    {
        lock (_lock)
        {
            decoder.HasEnded |= position is null;
            decoder.Position = position ?? decoder.Position;
        }

        // The next segment in line continues, with this decoder or, if it has ended, with one of its own.
        decoder.Turn.Release();
        await LeaveAsync(decoder, share);
    }

    /// <summary>Ends the idle decoders; a decoder in use ends with its call.</summary>
    public async ValueTask DisposeAsync()
    {
        _memory.Missing -= EndIdle;
        Decoder[] idle;
        lock (_lock)
        {
            _isDisposed = true;
            idle = [.. _decoders.Where(decoder => decoder.IsIdle)];
            Array.ForEach(idle, RemoveLocked);
        }

        foreach (var decoder in idle)
        {
            await EndAsync(decoder);
        }

        await _expired;
    }

    /// <summary>
    /// Joins the line for the decoder that is closest before the segment; null if a start is less work than to decode
    /// the frames in between.
    /// </summary>
    private Decoder? Reserve(VideoIndex index, DecodePlan segment, FrameSize size, SegmentMemory memory)
    {
        var framesOfAStart = segment.FirstWanted - segment.SeekFrame(index) + DecodePlan.FramesOfAStart(index);
        Decoder? decoder;
        lock (_lock)
        {
            decoder = _decoders
                .Where(candidate => candidate.Fits(index, segment, size) && IsYoung(candidate)
                    && candidate.Bytes <= memory.DecoderBytes
                    && candidate.ReservedTo <= segment.FirstWanted
                    && segment.FirstWanted - candidate.ReservedTo <= framesOfAStart)
                .MaxBy(candidate => candidate.ReservedTo);
            decoder?.Reserve(segment);
        }

        // The segment has memory of its own for the decoder.
        decoder?.ReturnMemory();
        return decoder;
    }

    private Decoder Start(VideoFile video, VideoIndex index, DecodePlan segment, FrameSize size, int jobEndFrame,
        SegmentMemory memory)
    {
        var plan = segment.ExtendedTo(index, jobEndFrame);
        var command = _tools.Ffmpeg(
            FfmpegArguments.Make(
                _tools.InputPath(video), index, plan, size, memory.DecoderThreads, _options.Value,
                _tools.HardwareArguments),
            video,
            AddressSpace(memory));
        var decoder = new Decoder(
            new FfmpegFrameReader(command, index, memory.DecoderThreads), index, size, plan, memory.DecoderBytes,
            _time.GetTimestamp());
        lock (_lock)
        {
            StartCount++;
            decoder.Reserve(segment);
            _decoders.Add(decoder);
        }

        return decoder;
    }

    /// <summary>Ends a segment's use of a decoder. The last one keeps the decoder for a while or ends it.</summary>
    private async ValueTask LeaveAsync(Decoder decoder, SegmentShare share)
    {
        lock (_lock)
        {
            if (decoder.HasEnded)
            {
                // No new segment can reserve it; those in line find that it has ended.
                RemoveLocked(decoder);
            }

            if (--decoder.Users > 0)
            {
                return;
            }

            decoder.ReservedTo = decoder.Position;
            if (MayIdleLocked(decoder) && (share.Share is null || share.TryKeepDecoder() is { } kept && Keep(kept)))
            {
                decoder.Expiry = _time.CreateTimer(
                    _ => Expire(decoder), null, _options.Value.DecoderWaitTime, Timeout.InfiniteTimeSpan);
                return;
            }

            RemoveLocked(decoder);
        }

        await decoder.Reader.DisposeAsync();
        return;

        bool Keep(MemoryShare memory)
        {
            decoder.Memory = memory;
            return true;
        }
    }

    private bool MayIdleLocked(Decoder decoder) =>
        !_isDisposed && !decoder.HasEnded && decoder.HasMore && IsYoung(decoder)
        && _decoders.Count(other => other.IsIdle) <= _options.Value.WaitingDecoders;

    /// <summary>
    /// A reused decoder must have at least half of its processor time left. It computes on its own threads and on one
    /// for the filters.
    /// </summary>
    private bool IsYoung(Decoder decoder) => _time.GetElapsedTime(decoder.StartedAt)
        < TimeSpan.FromSeconds(_options.Value.ProcessCpuSeconds) / 2 / (_options.Value.DecoderThreads + 1);

    private void Expire(Decoder decoder)
    {
        lock (_lock)
        {
            // A segment may have reserved it, or the service may have removed it, just before the timer fired.
            if (!decoder.IsIdle || !_decoders.Contains(decoder))
            {
                return;
            }

            EndLocked(decoder);
        }
    }

    /// <summary>Ends idle decoders, the oldest first, for a segment that waits for memory.</summary>
    private void EndIdle(long bytes)
    {
        lock (_lock)
        {
            foreach (var decoder in _decoders.Where(decoder => decoder is { IsIdle: true, Memory: not null }).ToList())
            {
                if (bytes <= 0)
                {
                    return;
                }

                bytes -= decoder.Memory!.Bytes;
                EndLocked(decoder);
            }
        }
    }

    private void EndLocked(Decoder decoder)
    {
        RemoveLocked(decoder);
        _expired = Task.WhenAll(_expired, Task.Run(() => EndAsync(decoder)));
    }

    /// <summary>Ends a decoder, and then returns its memory.</summary>
    private static async Task EndAsync(Decoder decoder)
    {
        await decoder.Reader.DisposeAsync();
        decoder.ReturnMemory();
    }

    private void RemoveLocked(Decoder decoder)
    {
        decoder.Expiry?.Dispose();
        _decoders.Remove(decoder);
    }
}

/// <summary>One running ffmpeg for the wanted frames of a job. <see cref="DecoderPool"/> changes its state.</summary>
/// <param name="reader">The process, which the pool owns.</param>
/// <param name="index">The video.</param>
/// <param name="size">Size of its frames.</param>
/// <param name="plan">All frames that it was started for.</param>
/// <param name="bytes">Its memory at most.</param>
/// <param name="startedAt">Timestamp of the start.</param>
internal sealed class Decoder(
    FfmpegFrameReader reader, VideoIndex index, FrameSize size, DecodePlan plan, long bytes, long startedAt)
{
    public FfmpegFrameReader Reader { get; } = reader;

    /// <summary>All frames that it was started for.</summary>
    public DecodePlan Plan { get; } = plan;

    /// <summary>Its memory at most; a segment that uses it has at least as much for a decoder.</summary>
    public long Bytes { get; } = bytes;

    public long StartedAt { get; } = startedAt;

    /// <summary>Held by the segment that reads. The starter's segment holds it from the beginning.</summary>
    public SemaphoreSlim Turn { get; } = new(0, 1);

    /// <summary>The segment that reads and those in line.</summary>
    public int Users { get; set; }

    /// <summary>The first frame that it can still deliver.</summary>
    public int Position { get; set; } = plan.FirstWanted;

    /// <summary>Frame after the last one that a segment has reserved.</summary>
    public int ReservedTo { get; set; } = plan.FirstWanted;

    public bool HasEnded { get; set; }

    /// <summary>The memory that it keeps while it is idle; a segment that uses it has its own.</summary>
    public MemoryShare? Memory { get; set; }

    /// <summary>Ends the decoder if no segment leases it in time.</summary>
    public ITimer? Expiry { get; set; }

    public bool IsIdle => Users == 0;

    public bool HasMore => Position <= Plan.LastWanted;

    /// <summary>
    /// Whether its frames are the ones that a segment wants. The index is compared by reference, because a changed file
    /// has another one.
    /// </summary>
    public bool Fits(VideoIndex ofVideo, DecodePlan segment, FrameSize atSize) =>
        ReferenceEquals(index, ofVideo) && size == atSize && Plan.Stride == segment.Stride
        && Plan.KeyFramesOnly == segment.KeyFramesOnly
        && segment.FirstWanted >= Plan.FirstWanted && segment.LastWanted <= Plan.LastWanted;

    /// <summary>Returns the memory that it kept while it was idle.</summary>
    public void ReturnMemory()
    {
        Memory?.Dispose();
        Memory = null;
    }

    /// <summary>Adds a segment to the line.</summary>
    public void Reserve(DecodePlan segment)
    {
        Expiry?.Dispose();
        Expiry = null;
        Users++;
        ReservedTo = segment.LastWanted + 1;
    }
}
