using System.Globalization;
using ForegSyte.V1;
using Google.Protobuf.WellKnownTypes;

namespace ForegSyte.Video;

/// <summary>The packets and properties of one video track, and the index that is made from them.</summary>
/// <param name="streamIndex">FFmpeg's index of the stream.</param>
internal sealed class TrackPackets(int streamIndex)
{
    private static readonly string[] EncryptedTags = ["encv", "drmi"];

    private readonly List<long> _timestamps = [];
    private readonly List<long> _positions = [];
    private readonly List<long> _hiddenPositions = [];
    private readonly List<SeekPoint> _keys = [];
    private (long[] Timestamps, long[] Positions)? _sorted;
    private long? _previousTicks;
    private long _previousDecodeTicks = long.MinValue;
    private bool _isInDecodeOrder = true;
    private bool _hasAllTimestamps = true;
    private bool _hasEncryptedPackets;
    private bool _hasEmptyPackets;
    private (long Ticks, long Duration) _last = (long.MinValue, 0);

    public int StreamIndex { get; } = streamIndex;

    /// <summary>What ffprobe says about the stream.</summary>
    public IReadOnlyDictionary<string, string> Properties { get; set; } = new Dictionary<string, string>();

    /// <summary>The earliest start of all tracks; null if unknown.</summary>
    public long? StartMicroseconds { get; set; }

    /// <summary>Whether HDR frames can be mapped to SDR.</summary>
    public bool CanToneMap { get; set; } = true;

    public int PacketCount { get; private set; }

    /// <summary>Position and size of the first packet that is not empty; a position of -1 if unknown.</summary>
    public (long Position, long Size) FirstPacket { get; private set; } = (-1, 0);

    /// <summary>Bytes of the size before each NAL unit; null if the codec has none.</summary>
    public int? NalLengthSize => (int?)PacketTable.Number(Text("nal_length_size"));

    public string Codec => Properties.GetValueOrDefault("codec_name", "unknown");

    /// <summary>Id of the track; 0 if unknown. ffprobe writes it in hexadecimal, as in "0x1".</summary>
    public int TrackId =>
        Text("id") is ['0', 'x', .. var digits]
        && int.TryParse(digits, NumberStyles.HexNumber, CultureInfo.InvariantCulture, out var id)
            ? id
            : 0;

    public bool IsEnabled => Text("disposition:default") == "1";

    public bool IsEncrypted => _hasEncryptedPackets || EncryptedTags.Contains(Text("codec_tag_string"));

    /// <summary>
    /// Whether the timestamps may not tell the order in which the decoder shows the frames: it may reorder them, but
    /// two have the same timestamp, or none is reordered (a container without composition times).
    /// </summary>
    public bool IsOrderUncertain => PacketTable.Number(Text("has_b_frames")) > 0
        && PacketCount > 1
        && (!IsReordered || !HasReliableTimestamps());

    /// <summary>Whether a frame is shown at another time than it is decoded.</summary>
    public bool IsReordered { get; private set; }

    /// <summary>Adds the next packet, in the order of the file.</summary>
    public void Add(in Packet packet)
    {
        PacketCount++;
        _hasEmptyPackets |= packet.IsEmpty;
        if (FirstPacket.Position < 0 && !packet.IsEmpty)
        {
            FirstPacket = (packet.Position, packet.Size);
        }

        _hasEncryptedPackets |= packet.IsEncrypted;
        _hasAllTimestamps &= packet.PresentationTicks is not null;

        // A packet without a timestamp is a frame all the same: it is shown with the one before.
        var ticks = packet.PresentationTicks ?? packet.DecodeTicks ?? _previousTicks ?? 0;
        _previousTicks = ticks;
        var decodeTicks = packet.DecodeTicks ?? ticks;
        IsReordered |= decodeTicks != ticks;
        _isInDecodeOrder &= decodeTicks >= _previousDecodeTicks;
        _previousDecodeTicks = decodeTicks;
        // An empty packet may have the position of the next one.
        var position = packet.IsEmpty ? -1 : packet.Position;
        if (packet.IsKey && !packet.IsEmpty)
        {
            _keys.Add(new SeekPoint(ticks, packet.IsHidden, position < 0 ? null : position));
        }

        if (packet.IsHidden)
        {
            _hiddenPositions.Add(position);
            return;
        }

        _timestamps.Add(ticks);
        _positions.Add(position);
        _last = ticks > _last.Ticks ? (ticks, packet.Duration) : _last;
    }

    /// <summary>
    /// The points at which decoding can start, ascending. Empty if decode times fall (an edit list that jumps back):
    /// the demuxer's search by time is unreliable there, so that decoding must start at the beginning.
    /// </summary>
    public SeekPoint[] SeekPoints() =>
        _isInDecodeOrder
            ? [.. _keys.DistinctBy(key => key.PresentationTicks).OrderBy(key => key.PresentationTicks)]
            : [];

    /// <summary>Checks the size of the frames, before one is decoded.</summary>
    /// <exception cref="VideoRefusedException">VIDEO_LIMIT_EXCEEDED.</exception>
    public void CheckSize(VideoLimits limits)
    {
        var (width, height) = Size;
        var frame = string.Create(CultureInfo.InvariantCulture, $"A frame of the video has {width} x {height} pixels.");
        if (Math.Max(width, height) > limits.MaxFrameSidePixels)
        {
            throw VideoRefusedException.LimitExceeded(
                nameof(limits.MaxFrameSidePixels), limits.MaxFrameSidePixels, "pixels a side", frame);
        }

        if (width * height > limits.MaxFramePixels)
        {
            throw VideoRefusedException.LimitExceeded(
                nameof(limits.MaxFramePixels), limits.MaxFramePixels, "pixels", frame);
        }
    }

    /// <summary>Makes the index of the video.</summary>
    /// <param name="sizeBytes">Size of the file.</param>
    /// <param name="limits">The limits that the video must keep.</param>
    /// <param name="trailingBytes">Bytes after the last box of the file.</param>
    /// <param name="frameMatrix">Display matrix that the first frame carries; null if none.</param>
    /// <param name="outputOrder">
    /// Positions of the packets in the order in which the decoder shows their frames; null if the timestamps tell it.
    /// </param>
    /// <exception cref="VideoRefusedException">
    /// NO_FRAMES, UNDECODABLE_VIDEO (unknown codec), VIDEO_LIMIT_EXCEEDED.
    /// </exception>
    public VideoIndex ToIndex(
        long sizeBytes,
        VideoLimits limits,
        long trailingBytes = 0,
        string? frameMatrix = null,
        IReadOnlyList<long>? outputOrder = null)
    {
        if (_timestamps.Count == 0)
        {
            throw VideoRefusedException.NoFrames();
        }

        var (width, height) = Size;
        if (Codec == "unknown"
            || width <= 0
            || height <= 0
            || TimeBase.Parse(Text("time_base")) is not { } timeBase)
        {
            throw VideoRefusedException.Undecodable("its codec is unknown.");
        }

        CheckSize(limits);
        var (timestamps, positions) = Sorted();
        if (outputOrder is not null)
        {
            Reorder(positions, outputOrder);
        }

        var playbackStart = PlaybackStart(timestamps[0], timeBase);
        var (isVariable, duration) = Timing(timestamps, timeBase, playbackStart);

        // What the stream says about itself has priority in FFmpeg's players too.
        var orientation = Orientation.Of(frameMatrix ?? Text("displaymatrix"));
        var transfer = Known("color_transfer");
        var info = new VideoInfo
        {
            Width = (int)(orientation.IsTurned ? height : width),
            Height = (int)(orientation.IsTurned ? width : height),
            FrameCount = timestamps.Length,
            FrameRate = MeanRate(timestamps, timeBase) ?? DeclaredRate(Text("avg_frame_rate")),
            VariableFrameRate = isVariable,
            Duration = duration,
            Codec = Codec,
            RotationDegrees = orientation.ClockwiseDegrees,
            Mirrored = orientation.IsMirrored,
            SizeBytes = sizeBytes,
            PixelAspectRatio = PixelAspect(orientation),
            StartTime = StartTime(timestamps[0], timeBase, playbackStart),
            TrackId = TrackId,
            ColorTransfer = transfer,
        };
        return new VideoIndex(info, timeBase, timestamps, SeekPoints(), positions, _hiddenPositions)
        {
            StreamIndex = StreamIndex,
            Orientation = orientation,
            PixelFormat = Known("pix_fmt"),
            Colors = new FrameColors(
                transfer, Known("color_space").Length > 0, Known("color_primaries").Length > 0)
            {
                CanToneMap = CanToneMap,
            },
            HasReliableTimestamps = HasReliableTimestamps() && outputOrder is null,
            PlaybackStartMicroseconds = playbackStart,
            HasEmptySamples = _hasEmptyPackets,
            Warnings = [.. VideoWarnings.Of(timestamps, trailingBytes)],
        };
    }

    private (long Width, long Height) Size =>
        (PacketTable.Number(Text("width")) ?? 0, PacketTable.Number(Text("height")) ?? 0);

    private bool HasReliableTimestamps()
    {
        var (timestamps, _) = Sorted();
        var isDistinct = _hasAllTimestamps;
        for (var frame = 1; frame < timestamps.Length && isDistinct; frame++)
        {
            isDistinct = timestamps[frame] != timestamps[frame - 1];
        }

        return isDistinct;
    }

    /// <summary>
    /// Timestamps and positions of the shown frames, by timestamp; frames with the same one in the order of the file.
    /// </summary>
    private (long[] Timestamps, long[] Positions) Sorted()
    {
        if (_sorted is { } known)
        {
            return known;
        }

        long[] timestamps = [.. _timestamps];
        var order = new int[timestamps.Length];
        for (var at = 0; at < order.Length; at++)
        {
            order[at] = at;
        }

        Array.Sort(timestamps, order);
        for (int from = 0, to; from < order.Length; from = to)
        {
            for (to = from + 1; to < order.Length && timestamps[to] == timestamps[from];)
            {
                to++;
            }

            // The sort is not stable.
            Array.Sort(order, from, to - from);
        }

        var sorted = (timestamps, Array.ConvertAll(order, at => _positions[at]));
        _sorted = sorted;
        return sorted;
    }

    /// <summary>
    /// Puts the frames that the decoder showed into its order; a frame that it could not decode keeps its place.
    /// </summary>
    private static void Reorder(long[] positions, IReadOnlyList<long> outputOrder)
    {
        var places = positions.Select((position, place) => (position, place))
            .DistinctBy(entry => entry.position)
            .ToDictionary(entry => entry.position, entry => entry.place);
        long[] shown = [.. outputOrder.Where(places.ContainsKey).Distinct()];
        var free = shown.Select(position => places[position]).Order().ToArray();
        for (var at = 0; at < shown.Length; at++)
        {
            positions[free[at]] = shown[at];
        }
    }

    /// <summary>
    /// Start of the playback; null if it is the first frame. ffprobe rounds the start to microseconds, so a smaller
    /// difference is none.
    /// </summary>
    private long? PlaybackStart(long firstTicks, TimeBase timeBase) =>
        StartMicroseconds is { } start
        && ((Int128)firstTicks * timeBase.Numerator * 1_000_000) - ((Int128)start * timeBase.Denominator)
            > timeBase.Denominator
            ? start
            : null;

    private static Duration StartTime(long firstTicks, TimeBase timeBase, long? playbackStart) =>
        playbackStart is { } start ? timeBase.ToDuration(firstTicks, start) : new Duration();

    private (bool IsVariable, Duration Duration) Timing(long[] timestamps, TimeBase timeBase, long? playbackStart)
    {
        // A hostile file may have negative durations, and differences that overflow a long.
        var length = (Int128)timestamps[^1] - timestamps[0] + Math.Max(_last.Duration, 0);
        var end = playbackStart is { } start
            ? timeBase.ToMillisecondsCeiling(timestamps[0] + length, start)
            : timeBase.ToMillisecondsCeiling(length);
        if (end > uint.MaxValue)
        {
            // frame_timestamp_ms is a uint32; no option can raise this limit.
            throw new VideoRefusedException(
                ErrorReason.VideoLimitExceeded,
                "The video is longer than 4294967295 ms (49.7 days), the limit of frame_timestamp_ms. Split it.");
        }

        long shortest = long.MaxValue, longest = 0;
        for (var frame = 1; frame < timestamps.Length; frame++)
        {
            var gap = timestamps[frame] - timestamps[frame - 1];
            shortest = Math.Min(shortest, gap);
            longest = Math.Max(longest, gap);
        }

        return (timestamps.Length > 1 && longest - shortest > 1, timeBase.ToDuration(length));
    }

    private static double? MeanRate(long[] timestamps, TimeBase timeBase) =>
        timestamps[^1] > timestamps[0]
            ? (timestamps.Length - 1) / timeBase.ToSeconds(timestamps[^1] - timestamps[0])
            : null;

    private static double DeclaredRate(string? rate) =>
        TimeBase.Parse(rate) is var (numerator, denominator) ? (double)numerator / denominator : 0;

    private PixelAspectRatio PixelAspect(Orientation orientation)
    {
        var parts = (Text("sample_aspect_ratio") ?? "").Split(':');
        return parts.Length == 2
            && PacketTable.Number(parts[0]) is > 0 and <= int.MaxValue and var width
            && PacketTable.Number(parts[1]) is > 0 and <= int.MaxValue and var height
            ? orientation.IsTurned ? Reduced(height, width) : Reduced(width, height)
            : new PixelAspectRatio { Width = 1, Height = 1 };
    }

    private static PixelAspectRatio Reduced(long width, long height)
    {
        var (divisor, rest) = (width, height);
        while (rest != 0)
        {
            (divisor, rest) = (rest, divisor % rest);
        }

        return new PixelAspectRatio { Width = (int)(width / divisor), Height = (int)(height / divisor) };
    }

    private string Known(string property) => Text(property) is { } value and not ("unknown" or "reserved") ? value : "";

    private string? Text(string key) => Properties.GetValueOrDefault(key);
}
