using System.Globalization;
using ForegSyte.Protocol.Mp4;

namespace ForegSyte.Video;

/// <summary>
/// Collects what ffprobe lists about the video tracks of a file, line by line ("compact" writer:
/// section|key=value|key=value), and chooses the track to analyze. Memory grows by two longs a frame only, so that a
/// video of many hours costs little.
/// </summary>
/// <param name="maxPackets">Maximum number of packets of all tracks together.</param>
/// <param name="maxBytes">Maximum size of all packets of all tracks together by <see cref="SampleUses"/>.</param>
internal sealed class PacketTable(int maxPackets, long maxBytes = long.MaxValue)
{
    private readonly SortedDictionary<int, TrackPackets> _tracks = [];
    private long? _startMicroseconds;
    private int _packets;
    private long _bytes;

    /// <summary>Whether the tracks have more packets than allowed.</summary>
    public bool IsOverLimit { get; private set; }

    /// <summary>Whether the packets point too often at the same bytes.</summary>
    public bool RepeatsBytes { get; private set; }

    /// <summary>Adds one line; false if the packets exceed a maximum.</summary>
    public bool Add(ReadOnlySpan<char> line)
    {
        if (line.StartsWith("packet|", StringComparison.Ordinal))
        {
            AddPacket(line);
        }
        else if (line.StartsWith("stream|", StringComparison.Ordinal))
        {
            AddStream(line);
        }
        else if (line.StartsWith("format|", StringComparison.Ordinal))
        {
            foreach (var field in new CompactFields(line))
            {
                if (field.Key is "start_time")
                {
                    _startMicroseconds = Microseconds(field.Value);
                }
            }
        }

        return !IsOverLimit && !RepeatsBytes;
    }

    /// <summary>
    /// Chooses the track as players do: of those with samples the first one that is enabled, or else the first one.
    /// ffprobe lists neither cover pictures nor chapter pictures.
    /// </summary>
    /// <param name="boxes">What the boxes tell of the tracks; a track without any counts as a video.</param>
    /// <exception cref="VideoRefusedException">NO_VIDEO_TRACK, NO_FRAMES, ENCRYPTED_VIDEO.</exception>
    public TrackPackets Choose(IReadOnlyList<TrackBoxes>? boxes = null)
    {
        var videos = _tracks.Values
            .Where(track => (boxes ?? []).Where(one => one.Id == track.TrackId).All(one => one.IsVideo))
            .ToList();
        if (videos.Count == 0)
        {
            throw VideoRefusedException.NoVideoTrack();
        }

        var withSamples = videos.FindAll(track => track.PacketCount > 0);
        if (withSamples.Count == 0)
        {
            throw VideoRefusedException.NoFrames();
        }

        var chosen = withSamples.Find(track => track.IsEnabled) ?? withSamples[0];
        chosen.StartMicroseconds = _startMicroseconds;
        return chosen.IsEncrypted ? throw VideoRefusedException.Encrypted() : chosen;
    }

    private void AddPacket(ReadOnlySpan<char> line)
    {
        var packet = new Packet();
        var stream = 0;
        foreach (var field in new CompactFields(line))
        {
            switch (field.Key)
            {
                case "stream_index": stream = (int)(Number(field.Value) ?? 0); break;
                case "pts": packet.PresentationTicks = Number(field.Value); break;
                case "dts": packet.DecodeTicks = Number(field.Value); break;
                case "duration": packet.Duration = Number(field.Value) ?? 0; break;
                case "size": packet.Size = Number(field.Value) ?? packet.Size; break;
                case "pos": packet.Position = Number(field.Value) ?? -1; break;
                case "flags":
                    packet.IsKey = field.Value.Contains('K');
                    packet.IsHidden = field.Value.Contains('D');
                    break;
                case "side_data_type": packet.IsEncrypted |= field.Value is "Encryption info"; break;
            }
        }

        TrackOf(stream).Add(packet);
        var size = SampleUses.Counted(packet.Size);
        IsOverLimit |= ++_packets > maxPackets;
        RepeatsBytes |= size > maxBytes - _bytes;
        _bytes = RepeatsBytes ? maxBytes : _bytes + size;
    }

    private void AddStream(ReadOnlySpan<char> line)
    {
        var properties = new Dictionary<string, string>();
        foreach (var field in new CompactFields(line))
        {
            if (!field.Value.IsEmpty)
            {
                properties[field.Key.ToString()] = field.Value.ToString();
            }
        }

        TrackOf((int)(Number(properties.GetValueOrDefault("index")) ?? 0)).Properties = properties;
    }

    private TrackPackets TrackOf(int stream) =>
        _tracks.TryGetValue(stream, out var track) ? track : _tracks[stream] = new TrackPackets(stream);

    internal static long? Number(ReadOnlySpan<char> text) =>
        long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)
            ? number
            : null;

    private static long? Microseconds(ReadOnlySpan<char> seconds) =>
        decimal.TryParse(seconds, NumberStyles.Float, CultureInfo.InvariantCulture, out var number)
        && Math.Abs(number) < long.MaxValue / 1_000_000
            ? (long)(number * 1_000_000)
            : null;
}

/// <summary>One packet as ffprobe lists it.</summary>
internal struct Packet
{
    public Packet()
    {
    }

    /// <summary>Presentation timestamp; null if the container has none.</summary>
    public long? PresentationTicks { get; set; }

    /// <summary>Decode timestamp; null if the container has none.</summary>
    public long? DecodeTicks { get; set; }

    public long Duration { get; set; }

    /// <summary>Bytes; 1 if unknown.</summary>
    public long Size { get; set; } = 1;

    /// <summary>First byte in the file; -1 if unknown.</summary>
    public long Position { get; set; } = -1;

    public bool IsKey { get; set; }

    /// <summary>Whether an edit list hides the frame.</summary>
    public bool IsHidden { get; set; }

    public bool IsEncrypted { get; set; }

    /// <summary>Whether the sample has no bytes, so that its frame is lost.</summary>
    public readonly bool IsEmpty => Size == 0;
}

/// <summary>Enumerates the fields of a line of ffprobe's "compact" writer.</summary>
/// <param name="line">The line.</param>
internal ref struct CompactFields(ReadOnlySpan<char> line)
{
    private ReadOnlySpan<char> _rest = line;
    private bool _isDone;

    /// <summary>The field at which the enumeration is.</summary>
    public CompactField Current { get; private set; }

    public readonly CompactFields GetEnumerator() => this;

    public bool MoveNext()
    {
        if (_isDone)
        {
            return false;
        }

        var end = _rest.IndexOf('|');
        var field = end < 0 ? _rest : _rest[..end];
        _isDone = end < 0;
        _rest = _rest[(_isDone ? _rest.Length : end + 1)..];
        Current = field.IndexOf('=') is >= 0 and var at ? new(field[..at], field[(at + 1)..]) : new(field, default);
        return true;
    }
}

/// <summary>A field of a line.</summary>
internal readonly ref struct CompactField(ReadOnlySpan<char> key, ReadOnlySpan<char> value)
{
    public ReadOnlySpan<char> Key { get; } = key;

    public ReadOnlySpan<char> Value { get; } = value;
}
