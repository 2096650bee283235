using System.Collections.Frozen;
using ForegSyte.V1;

namespace ForegSyte.Inference.Video;

/// <summary>
/// The frames of a video as its container lists them: the one truth for frame_index and frame_timestamp_ms, whatever
/// the decoder makes of the data.
/// </summary>
internal sealed class VideoIndex
{
    private readonly long[] _timestamps;
    private readonly Lazy<FrozenSet<int>> _keyFrames;

    /// <param name="info">What the container says.</param>
    /// <param name="timeBase">Length of a tick.</param>
    /// <param name="timestamps">
    /// Presentation timestamps in ticks, ascending, one for each frame that is shown; not copied.
    /// </param>
    /// <param name="seekPoints">
    /// Packets that the decoder can start from, ascending by <see cref="SeekPoint.PresentationTicks"/>; frames that an
    /// edit list hides are among them. Empty where the decoder has to start at the beginning.
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

    /// <summary>Indexes of the frames that decode without any earlier one, ascending.</summary>
    public IEnumerable<int> KeyFrames => SeekPoints
        .Where(point => !point.IsHidden)
        .Select(point => IndexOf(point.PresentationTicks)
            ?? throw new InvalidOperationException("A key has no frame."));

    /// <summary>Whether a frame decodes without any earlier one.</summary>
    public bool IsKeyFrame(int frameIndex) => _keyFrames.Value.Contains(frameIndex);

    /// <summary>Presentation timestamp of a frame in ticks.</summary>
    public long TicksOf(int frameIndex) => _timestamps[frameIndex];

    /// <summary>When a frame is shown, in milliseconds after the first one.</summary>
    public int TimestampMs(int frameIndex) => (int)TimeBase.ToMilliseconds(_timestamps[frameIndex] - _timestamps[0]);

    /// <summary>The first frame that is shown at this tick or later; the frame count where there is none.</summary>
    public int FirstAtOrAfter(long ticks) =>
        Array.BinarySearch(_timestamps, ticks) is var found && found >= 0 ? found : ~found;

    /// <summary>The frame that is shown at exactly this tick; null where the container lists none.</summary>
    public int? IndexOf(long ticks) => Array.BinarySearch(_timestamps, ticks) is >= 0 and var found ? found : null;
}
