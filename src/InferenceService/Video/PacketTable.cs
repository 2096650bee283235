using System.Globalization;

namespace ForegSyte.Inference.Video;

/// <summary>
/// Collects what ffprobe lists, line by line ("compact" writer: section|key=value|key=value). Holds one long for each
/// frame and nothing else that grows, so that a video of many hours costs little.
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

    /// <summary>Whether the file lists a video track.</summary>
    public bool HasStream => _stream.Count > 0;

    /// <summary>What is said of the track, by ffprobe's names.</summary>
    public IReadOnlyDictionary<string, string> Stream => _stream;

    /// <summary>Where the last shown frame begins and how long it lasts, in ticks.</summary>
    public (long Ticks, long Duration) Last => _last;

    /// <summary>Takes one line; false when the file lists more packets than allowed.</summary>
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

    /// <summary>Timestamps of the shown frames in ticks, ascending. Two packets of one tick are one frame.</summary>
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
    /// Where decoding can start, ascending. Empty where the decode order is not rising (an edit list that jumps back):
    /// the demuxer's search by time cannot be relied on there, and decoding starts at the beginning.
    /// </summary>
    public SeekPoint[] SeekPoints() =>
        _isInDecodeOrder
            ? [.. _keys.DistinctBy(key => key.PresentationTicks).OrderBy(key => key.PresentationTicks)]
            : [];

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
            _keys.Add(new SeekPoint(ticks, decodeTicks, isHidden));
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
