using System.Collections;
using System.Globalization;
using ForegSyte.Video;

namespace ForegSyte.Inference.Video;

/// <summary>
/// Finds the frames whose picture is probably wrong in the log of an FFmpeg that decodes on one thread and names each
/// packet and each frame (-debug_ts). Such a log has the messages about a packet right behind the packet.
/// </summary>
/// <remarks>
/// A packet is broken if the decoder complained about it or made no frame of it. Its frame is damaged, and so are the
/// frames that may refer to it:
/// <list type="bullet">
/// <item>after a broken packet in the order of presentation (I, P): all that follow in decode order, up to a frame that
/// decodes independently, or to the second recovery point of an intra refresh. Frames that are shown before that key
/// frame but follow it in the file (an open group of pictures) are damaged too.</item>
/// <item>after a broken packet that is shown before an earlier one (B): those up to the next packet that is not.</item>
/// </list>
/// Tried with random damage to H.264, HEVC, MPEG-4, VP9 and AV1 against the pictures of the whole files: no damaged
/// frame after a message was missed except single B frames. Data that the decoder accepts without a word cannot be
/// told.
/// </remarks>
internal sealed class DamageLog
{
    /// <summary>
    /// Number of packets after which a packet without a frame counts as lost. Decoders delay frames by 16 packets at
    /// most.
    /// </summary>
    private const int MaxDelay = 64;

    private const string PacketLine = "[info] demuxer+ffmpeg -> ";
    private const string FrameLine = "[info] decoder -> ";
    private const int IntraType = 1;

    private readonly VideoIndex _index;
    private readonly long _startTicks;
    private readonly long _endTicks;
    private readonly BitArray _damaged;
    private readonly Queue<Packet> _undecided = [];
    private readonly Dictionary<long, Shown> _frames = [];
    private readonly HevcPictures? _hevc;
    private Packet? _packet;
    private bool _isNextFrameCorrupt;
    private bool _isBroken;
    private bool _isInnerBroken;
    private int _recoveryPoints;
    private (long Ticks, bool WasBroken)? _key;
    private long _latest = long.MinValue;
    private bool? _startsIntact;

    /// <param name="index">The video.</param>
    /// <param name="start">Where decoding starts; null for the beginning of the file.</param>
    /// <param name="lastFrame">The last frame of interest.</param>
    public DamageLog(VideoIndex index, SeekPoint? start, int lastFrame)
    {
        _index = index;
        _startTicks = start?.PresentationTicks ?? long.MinValue;
        _endTicks = index.TicksOf(lastFrame);
        _damaged = new BitArray(index.FrameCount);
        _hevc = FfmpegArguments.TellsPictures(index) ? new HevcPictures(lag: int.MaxValue) : null;
    }

    /// <summary>The last messages of the decoder about damage.</summary>
    public LogTail Tail { get; } = new();

    /// <summary>Takes the next line and returns true.</summary>
    public bool Take(ReadOnlyMemory<char> memory)
    {
        var line = memory.Span;
        _hevc?.Take(line);
        if (line.StartsWith(PacketLine, StringComparison.Ordinal))
        {
            TakePacket(Number(line, " pkt_pts:"));
        }
        else if (line.StartsWith(FrameLine, StringComparison.Ordinal))
        {
            TakeFrame(line);
        }
        else if (DecoderComplaint.Is(line))
        {
            Tail.Add(memory);
            if (line.Contains(DecoderComplaint.CorruptFrame, StringComparison.Ordinal))
            {
                _isNextFrameCorrupt = true;
            }
            else if (_packet is not null)
            {
                _packet.HasComplaint = true;
            }
        }

        return true;
    }

    /// <summary>Judges the remaining packets and returns the result.</summary>
    public DamageReport ToReport()
    {
        while (_undecided.TryDequeue(out var packet))
        {
            Decide(packet);
        }

        return new DamageReport(_damaged, _startsIntact ?? false, Tail);
    }

    private void TakePacket(long? ticks)
    {
        _packet = ticks is { } known ? new Packet(known) : null;
        if (_packet is null)
        {
            return;
        }

        _undecided.Enqueue(_packet);
        if (_undecided.Count > MaxDelay)
        {
            Decide(_undecided.Dequeue());
        }
    }

    private void TakeFrame(ReadOnlySpan<char> line)
    {
        _isNextFrameCorrupt |= _hevc?.IsNextIncomplete() == true;
        if (Number(line, " best_effort_ts:") is { } ticks)
        {
            _frames[ticks] = new Shown(
                Number(line, " keyframe:") == 1, Number(line, " frame_type:") == IntraType, _isNextFrameCorrupt);
        }

        _isNextFrameCorrupt = false;
    }

    private void Decide(Packet packet)
    {
        // Frames before the start lack their references, and nobody wants them.
        if (packet.Ticks < _startTicks || packet.Ticks > _endTicks)
        {
            return;
        }

        var isShown = _frames.Remove(packet.Ticks, out var frame);
        var isListed = _index.IndexOf(packet.Ticks) is not null;

        // Where FFmpeg may replace timestamps, a frame may have another one than its packet.
        var isLost = isListed && !isShown && _index.HasReliableTimestamps;
        var isBad = packet.HasComplaint || isLost || frame.IsCorrupt;
        var isReordered = packet.Ticks < _latest;
        _latest = Math.Max(_latest, packet.Ticks);
        if (isShown && frame is { IsKey: true, IsIntra: true } && !isBad)
        {
            _key = (packet.Ticks, _isBroken);
            _isBroken = _isInnerBroken = false;
        }
        else if (_isBroken && !isBad && IsRecoveryPoint(packet.Ticks) && ++_recoveryPoints == 2)
        {
            _isBroken = false;
        }

        // A hidden frame is decoded but not shown, so that only a complaint tells.
        _startsIntact ??= !isBad && (!isShown || frame is { IsKey: true, IsIntra: true });
        _isInnerBroken &= isReordered;
        if (isBad && isReordered)
        {
            _isInnerBroken = true;
        }
        else if (isBad)
        {
            (_isBroken, _recoveryPoints) = (true, 0);
        }

        if (isListed
            && (isBad || _isBroken || _isInnerBroken || _key is { WasBroken: true } key && packet.Ticks < key.Ticks))
        {
            Mark(packet.Ticks);
        }
    }

    /// <summary>
    /// Whether the sync table lists a frame. A table that lists most frames is wrong, and its frames mean nothing.
    /// </summary>
    private bool IsRecoveryPoint(long ticks) =>
        _index.SeekPoints.Count < _index.FrameCount / 2
        && _index.IndexOf(ticks) is { } frame && _index.IsKeyFrame(frame);

    /// <summary>Several frames may have one timestamp; they share the verdict.</summary>
    private void Mark(long ticks)
    {
        for (var frame = _index.FirstAtOrAfter(ticks);
            frame < _index.FrameCount && _index.TicksOf(frame) == ticks;
            frame++)
        {
            _damaged[frame] = true;
        }
    }

    private static long? Number(ReadOnlySpan<char> line, string key)
    {
        if (line.IndexOf(key, StringComparison.Ordinal) is not (>= 0 and var at))
        {
            return null;
        }

        var rest = line[(at + key.Length)..];
        var word = rest.IndexOf(' ') is >= 0 and var end ? rest[..end] : rest;
        return long.TryParse(word, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)
            ? number
            : null;
    }

    private sealed class Packet(long ticks)
    {
        public long Ticks { get; } = ticks;

        public bool HasComplaint { get; set; }
    }

    private readonly record struct Shown(bool IsKey, bool IsIntra, bool IsCorrupt);
}

/// <summary>What decoding a stretch of a video has shown.</summary>
/// <param name="damaged">For each frame of the video whether it is damaged.</param>
/// <param name="startsIntact">
/// Whether the first frame decoded independently and without a complaint, so that decoding can start there.
/// </param>
/// <param name="tail">The last messages of the decoder about damage.</param>
internal sealed class DamageReport(BitArray damaged, bool startsIntact, LogTail tail)
{
    public bool StartsIntact { get; } = startsIntact;

    public LogTail Tail { get; } = tail;

    /// <summary>Whether the picture of this frame is probably wrong; false for frames outside the stretch.</summary>
    public bool IsDamaged(int frame) => damaged[frame];

    /// <summary>Whether this frame or a later one is damaged.</summary>
    public bool HasDamageFrom(int first)
    {
        for (var frame = first; frame < damaged.Count; frame++)
        {
            if (damaged[frame])
            {
                return true;
            }
        }

        return false;
    }
}
