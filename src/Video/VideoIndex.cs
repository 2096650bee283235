using System.Collections.Frozen;
using ForegSyte.V1;

namespace ForegSyte.Video;

/// <summary>
/// The frames of a video as its container lists them. frame_index and frame_timestamp_ms come from here, whatever the
/// decoder makes of the data.
/// </summary>
internal sealed class VideoIndex
{
    /// <summary>A timestamp.</summary>
    private const int BytesPerFrame = 8;

    /// <summary>A position, and again with its frame in the order of positions.</summary>
    private const int BytesPerPosition = 8 + 8 + 4;

    /// <summary>A seek point, again in the order of frames with its frame, and the set of key frames.</summary>
    private const int BytesPerSeekPoint = 32 + 32 + 4 + 16;

    private readonly long[] _timestamps;
    private readonly long[] _positions;
    private readonly FrozenSet<long> _hiddenPositions;
    private readonly Lazy<FrozenSet<int>> _keyFrames;
    private readonly Lazy<(long[] Positions, int[] Frames)> _byPosition;
    private readonly Lazy<(int[] Frames, SeekPoint[] Points)> _seekPointsByFrame;

    /// <param name="info">The container's description of the video.</param>
    /// <param name="timeBase">Length of a tick.</param>
    /// <param name="timestamps">
    /// Presentation timestamps in ticks, ascending, one for each shown frame; not copied. Equal ones belong to frames
    /// of their own.
    /// </param>
    /// <param name="seekPoints">
    /// Packets at which the decoder can start, ascending by <see cref="SeekPoint.PresentationTicks"/>, including frames
    /// that an edit list hides. Empty if the decoder must start at the beginning.
    /// </param>
    /// <param name="positions">
    /// First byte of each frame's packet in the file; not copied. Empty if unknown.
    /// </param>
    /// <param name="hiddenPositions">First bytes of the packets of hidden frames.</param>
    public VideoIndex(
        VideoInfo info,
        TimeBase timeBase,
        long[] timestamps,
        IReadOnlyList<SeekPoint> seekPoints,
        long[]? positions = null,
        IEnumerable<long>? hiddenPositions = null)
    {
        ArgumentOutOfRangeException.ThrowIfZero(timestamps.Length);
        Info = info;
        TimeBase = timeBase;
        _timestamps = timestamps;
        _positions = positions ?? [];
        _hiddenPositions = (hiddenPositions ?? []).ToFrozenSet();
        SeekPoints = seekPoints;
        _keyFrames = new(() => KeyFrames.ToFrozenSet());
        _byPosition = new(SortPositions);
        _seekPointsByFrame = new(SortSeekPoints);
        MemoryBytes = ((long)timestamps.Length * BytesPerFrame) + ((long)_positions.Length * BytesPerPosition)
            + ((long)_hiddenPositions.Count * BytesPerPosition) + ((long)seekPoints.Count * BytesPerSeekPoint);
    }

    public VideoInfo Info { get; }

    public TimeBase TimeBase { get; }

    /// <summary>FFmpeg's index of the analyzed stream.</summary>
    public int StreamIndex { get; init; }

    /// <summary>How the decoded frames must be turned to be upright.</summary>
    public Orientation Orientation { get; init; }

    /// <summary>Format of the decoded pixels, as FFmpeg names it; empty if unknown.</summary>
    public string PixelFormat { get; init; } = "";

    public FrameColors Colors { get; init; } = new("", IsMatrixKnown: true, IsPrimariesKnown: true);

    /// <summary>
    /// Whether the timestamps are distinct, so that FFmpeg passes them through and filters can select by them. FFmpeg
    /// replaces timestamps that it takes for faulty by others.
    /// </summary>
    public bool HasReliableTimestamps { get; init; } = true;

    /// <summary>Whether frames without bytes are among the frames. They are lost.</summary>
    public bool HasEmptySamples { get; init; }

    /// <summary>
    /// Start of the playback in microseconds, in the time of the timestamps; null if it is the timestamp of frame 0.
    /// Another track, such as the sound, may begin before frame 0.
    /// </summary>
    public long? PlaybackStartMicroseconds { get; init; }

    /// <summary>What is wrong with the video as a whole.</summary>
    public IReadOnlyList<Warning> Warnings { get; init; } = [];

    public IReadOnlyList<SeekPoint> SeekPoints { get; }

    public int FrameCount => _timestamps.Length;

    /// <summary>Memory of the index in bytes, the lookup tables that are made on first use included.</summary>
    public long MemoryBytes { get; }

    /// <summary>Indexes of the key frames, ascending.</summary>
    public IEnumerable<int> KeyFrames => SeekPoints
        .Where(point => !point.IsHidden)
        .Select(FrameOf)
        .Order();

    public bool IsKeyFrame(int frameIndex) => _keyFrames.Value.Contains(frameIndex);

    /// <summary>Presentation timestamp of a frame in ticks.</summary>
    public long TicksOf(int frameIndex) => _timestamps[frameIndex];

    /// <summary>First byte of a frame's packet in the file; null if unknown.</summary>
    public long? PositionOf(int frameIndex) =>
        _positions.Length > 0 && _positions[frameIndex] is >= 0 and var position ? position : null;

    /// <summary>
    /// Presentation time of a frame in milliseconds after the start of the playback, rounded up: a player that seeks to
    /// it shows this frame, not the one before.
    /// </summary>
    public uint TimestampMs(int frameIndex) => checked((uint)(PlaybackStartMicroseconds is { } start
        ? TimeBase.ToMillisecondsCeiling(_timestamps[frameIndex], start)
        : TimeBase.ToMillisecondsCeiling((Int128)_timestamps[frameIndex] - _timestamps[0])));

    /// <summary>The first frame at this tick or later; the frame count if there is none.</summary>
    public int FirstAtOrAfter(long ticks)
    {
        int low = 0, high = _timestamps.Length;
        while (low < high)
        {
            var middle = (low + high) / 2;
            (low, high) = _timestamps[middle] < ticks ? (middle + 1, high) : (low, middle);
        }

        return low;
    }

    /// <summary>
    /// The frame that a player shows at a time in milliseconds after the start of the playback: the last one whose
    /// <see cref="TimestampMs"/> is not after it, or frame 0.
    /// </summary>
    public int ShownAt(uint milliseconds)
    {
        int low = 0, high = _timestamps.Length;
        while (low < high)
        {
            var middle = (low + high) / 2;
            (low, high) = TimestampMs(middle) <= milliseconds ? (middle + 1, high) : (low, middle);
        }

        return Math.Max(0, low - 1);
    }

    /// <summary>The first frame at exactly this tick; null if the container lists none.</summary>
    public int? IndexOf(long ticks) =>
        FirstAtOrAfter(ticks) is var found && found < _timestamps.Length && _timestamps[found] == ticks ? found : null;

    /// <summary>The frame at which a seek point is, or the first one after a hidden point.</summary>
    public int FrameOf(SeekPoint point)
    {
        if (point.IsHidden)
        {
            return FirstAtOrAfter(point.PresentationTicks);
        }

        var byTicks = IndexOf(point.PresentationTicks)
            ?? throw new InvalidOperationException("The index has a key frame without a timestamp.");
        return point.Position is { } position && !HasReliableTimestamps
            ? FramesAt(position).DefaultIfEmpty(byTicks).MinBy(frame => Math.Abs((long)frame - byTicks))
            : byTicks;
    }

    /// <summary>
    /// The last seek point at or before a frame; null if decoding must start at the beginning of the file. Frames that
    /// are shown before a key frame but follow it in the file (an open group of pictures) need the key frame before,
    /// which this finds.
    /// </summary>
    public SeekPoint? SeekPointFor(int frame)
    {
        var (frames, points) = _seekPointsByFrame.Value;
        int low = 0, high = frames.Length;
        while (low < high)
        {
            var middle = (low + high) / 2;
            (low, high) = frames[middle] <= frame ? (middle + 1, high) : (low, middle);
        }

        // The first point is the beginning of the file, which needs no seek.
        return low > 1 ? points[low - 1] : null;
    }

    /// <summary>
    /// The frames whose packet begins at this byte, ascending: none, one, or several if an edit list repeats a part.
    /// </summary>
    public IReadOnlyList<int> FramesAt(long position)
    {
        var (positions, frames) = _byPosition.Value;
        var at = Array.BinarySearch(positions, position);
        if (at < 0)
        {
            return [];
        }

        int first = at, end = at + 1;
        while (first > 0 && positions[first - 1] == position)
        {
            first--;
        }

        while (end < positions.Length && positions[end] == position)
        {
            end++;
        }

        return [.. frames[first..end].Order()];
    }

    /// <summary>Whether a hidden frame's packet begins at this byte.</summary>
    public bool IsHiddenAt(long position) => _hiddenPositions.Contains(position);

    private (int[] Frames, SeekPoint[] Points) SortSeekPoints()
    {
        // Stable: a hidden point may have the frame of the point that follows it.
        SeekPoint[] points = [.. SeekPoints.OrderBy(FrameOf)];
        return (Array.ConvertAll(points, FrameOf), points);
    }

    private (long[] Positions, int[] Frames) SortPositions()
    {
        var positions = (long[])_positions.Clone();
        var frames = Enumerable.Range(0, positions.Length).ToArray();
        Array.Sort(positions, frames);
        return (positions, frames);
    }
}

/// <summary>A packet at which the decoder can start.</summary>
/// <param name="PresentationTicks">Presentation timestamp.</param>
/// <param name="IsHidden">Whether an edit list hides the frame.</param>
/// <param name="Position">First byte of the packet in the file; null if unknown.</param>
internal readonly record struct SeekPoint(long PresentationTicks, bool IsHidden, long? Position = null);
