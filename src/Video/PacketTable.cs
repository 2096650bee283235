using System.Globalization;
using ForegSyte.V1;
using Google.Protobuf.WellKnownTypes;

namespace ForegSyte.Video;

/// <summary>
/// Collects the packets that ffprobe lists, line by line ("compact" writer: section|key=value|key=value), and makes the
/// index of the video from them. Memory grows by one long a frame only, so that a video of many hours costs little.
/// </summary>
internal sealed class PacketTable(int maxPackets)
{
    private readonly List<long> _timestamps = [];
    private readonly List<SeekPoint> _keys = [];
    private readonly Dictionary<string, string> _stream = [];
    private int _packets;
    private long _previousDecodeTicks = long.MinValue;
    private bool _isInDecodeOrder = true;
    private (long Ticks, long Duration) _last = (long.MinValue, 0);

    /// <summary>Presentation time and duration of the last shown frame, in ticks.</summary>
    public (long Ticks, long Duration) Last => _last;

    /// <summary>Adds one line; false if the file lists more packets than allowed.</summary>
    public bool Add(ReadOnlySpan<char> line)
    {
        if (line.StartsWith("packet|", StringComparison.Ordinal))
        {
            AddPacket(line);
            return ++_packets <= maxPackets;
        }

        if (line.StartsWith("stream|", StringComparison.Ordinal))
        {
            foreach (var part in line.Split('|'))
            {
                var (key, value) = KeyAndValue(line[part]);
                if (!value.IsEmpty)
                {
                    _stream[key.ToString()] = value.ToString();
                }
            }
        }

        return true;
    }

    /// <summary>
    /// Timestamps of the shown frames in ticks, ascending. Two packets with one timestamp are one frame.
    /// </summary>
    public long[] Timestamps()
    {
        _timestamps.Sort();
        var distinct = 0;
        for (var read = 0; read < _timestamps.Count; read++)
        {
            if (distinct == 0 || _timestamps[read] != _timestamps[distinct - 1])
            {
                _timestamps[distinct++] = _timestamps[read];
            }
        }

        return [.. _timestamps.Take(distinct)];
    }

    /// <summary>
    /// The points at which decoding can start, ascending. Empty if decode times fall (an edit list that jumps back):
    /// the demuxer's search by time is unreliable there, so that decoding must start at the beginning.
    /// </summary>
    public SeekPoint[] SeekPoints() =>
        _isInDecodeOrder
            ? [.. _keys.DistinctBy(key => key.PresentationTicks).OrderBy(key => key.PresentationTicks)]
            : [];

    /// <summary>Makes the index of the video from the complete table.</summary>
    /// <param name="sizeBytes">Size of the file.</param>
    /// <param name="limits">The limits that the video must keep.</param>
    /// <exception cref="VideoRefusedException">
    /// NO_VIDEO_TRACK, NO_FRAMES, UNDECODABLE_VIDEO (unknown codec), VIDEO_LIMIT_EXCEEDED.
    /// </exception>
    public VideoIndex ToIndex(long sizeBytes, VideoLimits limits)
    {
        if (_stream.Count == 0)
        {
            throw VideoRefusedException.NoVideoTrack();
        }

        var codec = _stream.GetValueOrDefault("codec_name", "unknown");
        var timestamps = Timestamps();
        if (timestamps.Length == 0)
        {
            throw VideoRefusedException.NoFrames();
        }

        var width = Number(Text("width")) ?? 0;
        var height = Number(Text("height")) ?? 0;
        if (codec == "unknown"
            || width <= 0
            || height <= 0
            || TimeBase.Parse(Text("time_base")) is not { } timeBase)
        {
            throw VideoRefusedException.Undecodable("its codec is unknown.");
        }

        CheckSize(width, height, limits);
        var rotation = ClockwiseDegrees(Text("rotation"));
        var isTurned = rotation is 90 or 270;
        var (isVariable, duration) = Timing(timestamps, timeBase);
        var info = new VideoInfo
        {
            Width = (int)(isTurned ? height : width),
            Height = (int)(isTurned ? width : height),
            FrameCount = timestamps.Length,
            FrameRate = MeanRate(timestamps, timeBase) ?? DeclaredRate(Text("avg_frame_rate")),
            VariableFrameRate = isVariable,
            Duration = duration,
            Codec = codec,
            RotationDegrees = rotation,
            SizeBytes = sizeBytes,
        };
        return new VideoIndex(info, timeBase, timestamps, SeekPoints());
    }

    /// <summary>
    /// Converts ffprobe's counter-clockwise rotation of the display matrix. A rotation by other than quarters keeps the
    /// size of the frame and counts as none.
    /// </summary>
    internal static int ClockwiseDegrees(string? rotation) =>
        double.TryParse(rotation, NumberStyles.Float, CultureInfo.InvariantCulture, out var degrees)
        && double.IsFinite(degrees)
        && Math.Round(degrees / 90) is var quarters
        && Math.Abs(degrees - (quarters * 90)) <= 1
            ? (int)((((-quarters) % 4) + 4) % 4) * 90
            : 0;

    private static void CheckSize(long width, long height, VideoLimits limits)
    {
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

    private (bool IsVariable, Duration Duration) Timing(long[] timestamps, TimeBase timeBase)
    {
        // A hostile file may have negative durations, and differences that overflow a long.
        var length = (Int128)timestamps[^1] - timestamps[0] + Math.Max(Last.Duration, 0);
        if (timeBase.ToMillisecondsCeiling(length) > uint.MaxValue)
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
        timestamps.Length > 1
            ? (timestamps.Length - 1) / timeBase.ToSeconds(timestamps[^1] - timestamps[0])
            : null;

    private static double DeclaredRate(string? rate) =>
        TimeBase.Parse(rate) is var (numerator, denominator) ? (double)numerator / denominator : 0;

    private string? Text(string key) => _stream.GetValueOrDefault(key);

    private void AddPacket(ReadOnlySpan<char> line)
    {
        long? presented = null, decoded = null;
        long duration = 0;
        ReadOnlySpan<char> flags = "";
        foreach (var part in line.Split('|'))
        {
            var (key, value) = KeyAndValue(line[part]);
            switch (key)
            {
                case "pts": presented = Number(value); break;
                case "dts": decoded = Number(value); break;
                case "duration": duration = Number(value) ?? 0; break;
                case "flags": flags = value; break;
            }
        }

        if ((presented ?? decoded) is not { } ticks)
        {
            return;
        }

        var isHidden = flags.Contains('D');
        var decodeTicks = decoded ?? ticks;
        _isInDecodeOrder &= decodeTicks > _previousDecodeTicks;
        _previousDecodeTicks = decodeTicks;
        if (flags.Contains('K'))
        {
            _keys.Add(new SeekPoint(ticks, isHidden));
        }

        if (!isHidden)
        {
            _timestamps.Add(ticks);
            _last = ticks > _last.Ticks ? (ticks, duration) : _last;
        }
    }

    private static long? Number(ReadOnlySpan<char> text) =>
        long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)
            ? number
            : null;

    private static KeyValueSpans KeyAndValue(ReadOnlySpan<char> part) =>
        part.IndexOf('=') is >= 0 and var at ? new(part[..at], part[(at + 1)..]) : new(part, default);

    private readonly ref struct KeyValueSpans(ReadOnlySpan<char> key, ReadOnlySpan<char> value)
    {
        private readonly ReadOnlySpan<char> _key = key;
        private readonly ReadOnlySpan<char> _value = value;

        public void Deconstruct(out ReadOnlySpan<char> key, out ReadOnlySpan<char> value)
        {
            key = _key;
            value = _value;
        }
    }
}
