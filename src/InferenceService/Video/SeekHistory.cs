using ForegSyte.V1;
using ForegSyte.Video;

namespace ForegSyte.Inference.Video;

/// <summary>
/// What decoding has shown about a video: the seek points at which the decoder cannot start, and the damage. It lives
/// as long as the index of the video, so that later segments do not pay for it again. Safe for concurrent segments.
/// </summary>
/// <remarks>
/// A sync table may list frames that do not decode independently: the recovery points of an intra refresh, every frame
/// (an encoder that writes no table), or a key frame whose data are damaged.
/// </remarks>
internal sealed class SeekHistory
{
    /// <summary>
    /// Number of unusable seek points after which the whole sync table counts as wrong. Each costs one start of the
    /// decoder.
    /// </summary>
    private const int MaxUnusable = 3;

    /// <summary>Maximum number of kept reports; each takes one bit a frame of the video.</summary>
    private const int MaxReports = 8;

    private readonly Lock _lock = new();
    private readonly HashSet<long> _usable = [];
    private readonly HashSet<long> _unusable = [];
    private readonly LinkedList<(long StartTicks, int LastFrame, DamageReport Report)> _reports = new();

    /// <summary>Whether decoding must start at the beginning of the file.</summary>
    public bool StartsAtBeginning
    {
        get
        {
            lock (_lock)
            {
                return _unusable.Count >= MaxUnusable;
            }
        }
    }

    /// <summary>Whether decoding has started here without damage; true for the beginning of the file.</summary>
    public bool IsUsable(SeekPoint? point)
    {
        lock (_lock)
        {
            return point is not { } known || _usable.Contains(known.PresentationTicks);
        }
    }

    /// <summary>Remembers whether decoding can start at a point.</summary>
    public void Judge(SeekPoint point, bool isUsable)
    {
        lock (_lock)
        {
            (isUsable ? _usable : _unusable).Add(point.PresentationTicks);
        }
    }

    /// <summary>The parts of a plan with starts at which decoding is not known to fail.</summary>
    /// <param name="index">The video.</param>
    /// <param name="plan">The plan; it wants at least one frame.</param>
    public IReadOnlyList<DecodePlan> Split(VideoIndex index, DecodePlan plan) => StartsAtBeginning
        ? [plan with { SeekTo = null, KeyFramesOnly = false }]
        : [.. plan.Split(index).Select(part => Adjust(index, part))];

    /// <summary>The plan for the frames that a decoder missed: from an earlier start, and with all frames.</summary>
    /// <param name="index">The video.</param>
    /// <param name="plan">The plan of the decoder.</param>
    /// <param name="firstMissed">The first frame to decode again.</param>
    public DecodePlan Retry(VideoIndex index, DecodePlan plan, int firstMissed) =>
        Adjust(
            index,
            DecodePlan.Make(
                index, new FrameRange { StartFrame = firstMissed, EndFrame = plan.EndFrame }, plan.Stride) with
            {
                KeyFramesOnly = false,
            });

    /// <summary>
    /// The last seek point at or before another one that is not known to be unusable; null for the beginning.
    /// </summary>
    public SeekPoint? UsableAtOrBefore(VideoIndex index, SeekPoint? point)
    {
        lock (_lock)
        {
            if (point is not { } latest || _unusable.Count >= MaxUnusable)
            {
                return null;
            }

            // The first point is the beginning of the file, which needs no seek.
            var at = index.SeekPoints.Count - 1;
            while (at > 0 && (index.SeekPoints[at].PresentationTicks > latest.PresentationTicks
                || _unusable.Contains(index.SeekPoints[at].PresentationTicks)))
            {
                at--;
            }

            return at > 0 ? index.SeekPoints[at] : null;
        }
    }

    /// <summary>The report of a scan that began here and covers the frame; null if there is none.</summary>
    /// <param name="start">Start of the scan.</param>
    /// <param name="lastFrame">The last frame that it must cover.</param>
    /// <param name="isKnownStart">Whether a scan has begun here, however far it went.</param>
    public DamageReport? FindReport(SeekPoint? start, int lastFrame, out bool isKnownStart)
    {
        lock (_lock)
        {
            var ticks = TicksOf(start);
            isKnownStart = _reports.Any(entry => entry.StartTicks == ticks);
            return _reports.FirstOrDefault(entry => entry.StartTicks == ticks && entry.LastFrame >= lastFrame).Report;
        }
    }

    /// <summary>Keeps the report of a scan.</summary>
    public void AddReport(SeekPoint? start, int lastFrame, DamageReport report)
    {
        lock (_lock)
        {
            _reports.AddFirst((TicksOf(start), lastFrame, report));
            if (_reports.Count > MaxReports)
            {
                _reports.RemoveLast();
            }
        }
    }

    private static long TicksOf(SeekPoint? start) => start?.PresentationTicks ?? long.MinValue;

    private DecodePlan Adjust(VideoIndex index, DecodePlan plan)
    {
        var start = UsableAtOrBefore(index, plan.SeekTo);
        return plan with { SeekTo = start, KeyFramesOnly = plan.KeyFramesOnly && start == plan.SeekTo };
    }
}
