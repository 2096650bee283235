using System.Collections.Frozen;
using System.Globalization;
using ForegSyte.V1;
using Google.Protobuf.WellKnownTypes;

namespace ForegSyte.Video;

/// <summary>
/// The frames of a video as its container lists them. frame_index and frame_timestamp_ms come from here, whatever the
/// decoder makes of the data.
/// </summary>
internal sealed class VideoIndex
{
    private readonly long[] _timestamps;
    private readonly Lazy<FrozenSet<int>> _keyFrames;

    /// <param name="info">The container's description of the video.</param>
    /// <param name="timeBase">Length of a tick.</param>
    /// <param name="timestamps">
    /// Presentation timestamps in ticks, ascending, one for each shown frame; not copied.
    /// </param>
    /// <param name="seekPoints">
    /// Packets at which the decoder can start, ascending by <see cref="SeekPoint.PresentationTicks"/>, including frames
    /// that an edit list hides. Empty if the decoder must start at the beginning.
    /// </param>
    public VideoIndex(VideoInfo info, TimeBase timeBase, long[] timestamps, IReadOnlyList<SeekPoint> seekPoints)
    {
        ArgumentOutOfRangeException.ThrowIfZero(timestamps.Length);
        Info = info;
        TimeBase = timeBase;
        _timestamps = timestamps;
        SeekPoints = seekPoints;
        _keyFrames = new(() => KeyFrames.ToFrozenSet());
    }

    public VideoInfo Info { get; }

    public TimeBase TimeBase { get; }

    public IReadOnlyList<SeekPoint> SeekPoints { get; }

    public int FrameCount => _timestamps.Length;

    /// <summary>Indexes of the key frames, ascending.</summary>
    public IEnumerable<int> KeyFrames => SeekPoints
        .Where(point => !point.IsHidden)
        .Select(point => IndexOf(point.PresentationTicks)
            ?? throw new InvalidOperationException("The index has a key frame without a timestamp."));

    public bool IsKeyFrame(int frameIndex) => _keyFrames.Value.Contains(frameIndex);

    /// <summary>Presentation timestamp of a frame in ticks.</summary>
    public long TicksOf(int frameIndex) => _timestamps[frameIndex];

    /// <summary>
    /// Presentation time of a frame in milliseconds after the first one, rounded up: a player that seeks to it shows
    /// this frame, not the one before.
    /// </summary>
    public uint TimestampMs(int frameIndex) =>
        checked((uint)TimeBase.ToMillisecondsCeiling((Int128)_timestamps[frameIndex] - _timestamps[0]));

    /// <summary>The first frame at this tick or later; the frame count if there is none.</summary>
    public int FirstAtOrAfter(long ticks) =>
        Array.BinarySearch(_timestamps, ticks) is var found && found >= 0 ? found : ~found;

    /// <summary>The frame at exactly this tick; null if the container lists none.</summary>
    public int? IndexOf(long ticks) => Array.BinarySearch(_timestamps, ticks) is >= 0 and var found ? found : null;
}

/// <summary>A packet at which the decoder can start.</summary>
/// <param name="PresentationTicks">Presentation timestamp.</param>
/// <param name="IsHidden">Whether an edit list hides the frame.</param>
internal readonly record struct SeekPoint(long PresentationTicks, bool IsHidden);

/// <summary>
/// Length of a tick of a track's timestamps: <paramref name="Numerator"/> / <paramref name="Denominator"/> seconds.
/// </summary>
internal readonly record struct TimeBase(int Numerator, int Denominator)
{
    /// <summary>Parses FFmpeg's form, for example "1/90000"; null if the text is invalid.</summary>
    public static TimeBase? Parse(string? text)
    {
        var parts = (text ?? "").Split('/');
        return parts.Length == 2
            && int.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out var numerator)
            && int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out var denominator)
            && numerator > 0
            && denominator > 0
            ? new TimeBase(numerator, denominator)
            : null;
    }

    public double ToSeconds(long ticks) => (double)ticks * Numerator / Denominator;

    /// <summary>Whole milliseconds, rounded up.</summary>
    public Int128 ToMillisecondsCeiling(Int128 ticks) => Ceiling(ticks, 1000);

    /// <summary>Whole microseconds, rounded up.</summary>
    public long ToMicrosecondsCeiling(long ticks) => (long)Ceiling(ticks, 1_000_000);

    /// <summary>The duration of this many ticks, 0 or more, rounded down to nanoseconds.</summary>
    public Duration ToDuration(Int128 ticks)
    {
        var (seconds, remainder) = Int128.DivRem(ticks * Numerator, Denominator);
        return new Duration
        {
            Seconds = checked((long)seconds),
            Nanos = (int)(remainder * 1_000_000_000 / Denominator),
        };
    }

    // Integers, because a binary fraction just above a whole number would be rounded up to the next one.
    private Int128 Ceiling(Int128 ticks, int unitsPerSecond)
    {
        var (quotient, remainder) = Int128.DivRem(ticks * Numerator * unitsPerSecond, Denominator);
        return remainder > 0 ? quotient + 1 : quotient;
    }
}
