using ForegSyte.Video;
using Google.Protobuf.WellKnownTypes;

namespace ForegSyte.Annotation;

/// <summary>
/// When each frame of a copy is shown. The copy counts the time from the start of the playback, as the results do, in
/// the ticks of the source if its clock allows it.
/// </summary>
/// <remarks>
/// <para>
/// Results belong to frames by their timestamps: those of the index here, and those that FFmpeg's decoder gives to its
/// frames. Both go through the same arithmetic, in integers. Results change in the middle between two frames, so they
/// hit the right frame even where both differ by a tick.
/// </para>
/// <para>
/// ASS counts time in 10 ms. On the clock of the script one tick lasts 20 ms, so that its unit is half a tick, and the
/// middle between two frames is the sum of their ticks. FFmpeg multiplies the timestamps by <see cref="Stretch"/>
/// before it draws, and divides them again.
/// </para>
/// </remarks>
internal sealed class CopyClock
{
    private const int ScriptTicksPerSecond = 50;
    private const double DefaultFrameSeconds = 0.04;
    private const double MinFrameSeconds = 0.001;
    private const int NanosecondsPerSecond = 1_000_000_000;

    // FFmpeg computes timestamps in double precision, and an MP4 counts a duration in 31 bits (movenc.c).
    private const long MaxExactInteger = 1L << 53;

    private static readonly TimeBase Microseconds = new(1, 1_000_000);

    private readonly long[] _ticks;

    private CopyClock(int ticksPerSecond, long origin, long[] ticks, long lastDuration) =>
        (TicksPerSecond, Origin, _ticks, LastDuration) = (ticksPerSecond, origin, ticks, lastDuration);

    /// <summary>Ticks of the copy in a second; a multiple of 50.</summary>
    public int TicksPerSecond { get; }

    /// <summary>The start of the playback in ticks of the copy, on the clock of the container.</summary>
    public long Origin { get; }

    /// <summary>How long the last frame is shown, in ticks; at least 1.</summary>
    public long LastDuration { get; }

    /// <summary>Factor between a timestamp of the copy and one of the script.</summary>
    public int Stretch => TicksPerSecond / ScriptTicksPerSecond;

    public int FrameCount => _ticks.Length;

    /// <summary>When a frame is shown, in ticks from the start of the playback.</summary>
    public long TicksOf(int frame) => _ticks[frame];

    /// <summary>
    /// When the results change from those of the frame before to those of this frame, in half ticks; for the frame
    /// count, when the last results end.
    /// </summary>
    public long ChangeTo(int frame) =>
        frame == 0 ? 0
        : frame == _ticks.Length ? (2 * _ticks[^1]) + LastDuration + 1
        : _ticks[frame - 1] + _ticks[frame];

    /// <summary>Makes the clock for the copy of a video.</summary>
    public static CopyClock For(VideoIndex index)
    {
        var ticksPerSecond = ChooseTicks(index);
        var origin = index.PlaybackStartMicroseconds is { } start
            ? Convert(start, Microseconds, ticksPerSecond)
            : Convert(index.TicksOf(0), index.TimeBase, ticksPerSecond);
        var ticks = new long[index.FrameCount];
        for (var frame = 0; frame < ticks.Length; frame++)
        {
            var own = Convert(index.TicksOf(frame), index.TimeBase, ticksPerSecond) - origin;
            // Frames with one timestamp follow each other by a tick, which is what the filter does.
            ticks[frame] = frame > 0 ? Math.Max(own, ticks[frame - 1] + 1) : own;
        }

        return new CopyClock(ticksPerSecond, origin, ticks, LastDurationOf(index, ticks, ticksPerSecond));
    }

    /// <summary>Converts ticks of a time base, rounded to the nearest, as FFmpeg's filter settb does.</summary>
    internal static long Convert(long ticks, TimeBase timeBase, int ticksPerSecond)
    {
        var (numerator, denominator) = ((Int128)ticks * timeBase.Numerator * ticksPerSecond, timeBase.Denominator);
        var half = (Int128)(denominator / 2);
        return (long)((numerator + (numerator < 0 ? -half : half)) / denominator);
    }

    /// <summary>
    /// The source's clock, made a multiple of 50 without losing precision; or a coarser one if a gap or the length of
    /// the video is too long for it.
    /// </summary>
    private static int ChooseTicks(VideoIndex index)
    {
        var longestGap = Enumerable.Range(1, index.FrameCount - 1)
            .Select(frame => index.TicksOf(frame) - index.TicksOf(frame - 1)).DefaultIfEmpty().Max();
        var gapSeconds = index.TimeBase.ToSeconds(longestGap);
        var startSeconds = index.Info.StartTime?.ToTimeSpan().TotalSeconds ?? 0;
        var endSeconds =
            startSeconds + index.TimeBase.ToSeconds(index.TicksOf(index.FrameCount - 1) - index.TicksOf(0)) + 1;
        long own = index.TimeBase.Denominator;
        while (own % ScriptTicksPerSecond != 0)
        {
            own *= own % 2 != 0 ? 2 : 5;
        }

        return new[] { own, 1_000_000, 90_000, 10_000, 1000 }.Where(Fits).Select(ticks => (int)ticks)
            .DefaultIfEmpty(ScriptTicksPerSecond).First();

        bool Fits(long ticks) => ticks < int.MaxValue
            && gapSeconds * ticks < int.MaxValue
            && endSeconds * ticks * ticks / ScriptTicksPerSecond < MaxExactInteger;
    }

    /// <summary>
    /// The duration of the last frame. A container may tell next to nothing, which no player shows: then as long as the
    /// frame before, or 40 ms.
    /// </summary>
    private static long LastDurationOf(VideoIndex index, long[] ticks, int ticksPerSecond)
    {
        var duration = index.Info.Duration ?? new Duration();
        var seconds = duration.Seconds + ((decimal)duration.Nanos / NanosecondsPerSecond);
        var own = (long)Math.Round(seconds * ticksPerSecond) - (ticks[^1] - ticks[0]);
        var before = ticks.Length > 1 ? ticks[^1] - ticks[^2] : 0;
        return Math.Min(
            int.MaxValue - 1,
            IsShown(own) ? own : IsShown(before) ? before : (long)(DefaultFrameSeconds * ticksPerSecond));

        bool IsShown(long duration) => duration >= MinFrameSeconds * ticksPerSecond;
    }
}
