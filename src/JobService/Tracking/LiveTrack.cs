namespace ForegSyte.Jobs.Tracking;

/// <summary>A track that can still continue.</summary>
internal sealed class LiveTrack
{
    private readonly TrackerOptions _options;
    private readonly BoxMotion _motion;
    private readonly TrackPath _path;
    private readonly Dictionary<int, (double Sum, int Count)> _votes = [];
    private double[]? _appearance;
    private double _bestConfidence = double.NegativeInfinity;
    private double _evidence;
    private double _moved;
    private int _framesConfident;
    private bool _isCertain;
    private TrackPoint _best;

    public LiveTrack(int id, TrackerOptions options, TrackPoint first, TrackCandidate candidate)
    {
        (Id, _options, First) = (id, options, first);
        _motion = new BoxMotion(options, first.Box, first.Time);
        _path = new TrackPath(options.MaxPathPoints);
        Count(first, candidate, isAlone: true);
    }

    public int Id { get; }

    public TrackPoint First { get; }

    /// <summary>The last point with a candidate.</summary>
    public TrackPoint Last { get; private set; }

    /// <summary>Number of frames with a candidate.</summary>
    public int FramesSeen { get; private set; }

    /// <summary>The track of the object that hides this one; null if it is seen, or hidden by no other
    /// object.</summary>
    public LiveTrack? HiddenBehind { get; set; }

    /// <summary>Whether a second frame had the object, so that it is no flicker of the detector.</summary>
    public bool IsConfirmed => FramesSeen >= 2;

    /// <summary>
    /// Whether the detector was sure enough of the object. A thing that never moves must be confident in more of its
    /// frames: detectors see some stains and shadows over and over again just below or above their threshold.
    /// </summary>
    public bool IsPublished => _isCertain
        && (_moved >= 1 || _framesConfident >= _options.MinConfidentShare * FramesSeen);

    /// <summary>The class with the largest sum of confidences; the lowest index wins a tie.</summary>
    public int ClassId { get; private set; }

    /// <summary>The predicted box.</summary>
    public TrackBox Box => _motion.Box;

    /// <summary>How much a candidate looks like the object, 0 to 1; 1 if unknown.</summary>
    public double LikenessOf(TrackCandidate candidate) =>
        _appearance is { } own && candidate.Appearance is { } other ? Appearance.Likeness(own, other) : 1;

    /// <summary>Moves the predicted box to the time of the next frame.</summary>
    /// <param name="time">Time in seconds.</param>
    /// <param name="isHidden">Whether the last frame had no candidate.</param>
    public void Predict(double time, bool isHidden) => _motion.Predict(time, isHidden);

    /// <summary>Continues the track.</summary>
    /// <param name="point">The point.</param>
    /// <param name="candidate">The candidate of the point.</param>
    /// <param name="isAlone">Whether no other object overlaps it, so that its colours are its own.</param>
    /// <param name="isFollowed">Whether it was found again by its picture only, which is no evidence.</param>
    public void Continue(TrackPoint point, TrackCandidate candidate, bool isAlone, bool isFollowed = false)
    {
        _motion.Correct(candidate.Box);
        if (isFollowed)
        {
            (Last, HiddenBehind) = (point, null);
        }
        else
        {
            Count(point, candidate, isAlone);
        }
    }

    /// <summary>The track as it is now.</summary>
    public ObjectTrack ToObjectTrack()
    {
        var (sum, count) = _votes[ClassId];
        return new ObjectTrack(Id, ClassId, sum / count, First, Last, _best, FramesSeen, _path.PointsUntil(Last));
    }

    private void Count(TrackPoint point, TrackCandidate candidate, bool isAlone)
    {
        (Last, HiddenBehind) = (point, null);
        FramesSeen++;
        _path.Add(point);
        _moved = Math.Max(_moved, First.Box.DistanceTo(point.Box) / Math.Max(First.Box.Width, First.Box.Height));
        if (candidate.Confidence > _bestConfidence)
        {
            (_bestConfidence, _best) = (candidate.Confidence, point);
        }

        var (sum, count) = _votes.GetValueOrDefault(candidate.ClassId);
        _votes[candidate.ClassId] = (sum + candidate.Confidence, count + 1);
        ClassId = _votes.OrderByDescending(vote => vote.Value.Sum).ThenBy(vote => vote.Key).First().Key;
        _evidence = Math.Max(0, _evidence + candidate.Confidence - _options.Confidence);
        _isCertain |= FramesSeen >= _options.MinFrames && _evidence >= _options.MinEvidence;
        if (candidate.Confidence >= _options.Confidence)
        {
            _framesConfident++;
            Learn(candidate.Appearance, isAlone);
        }
    }

    private void Learn(byte[]? appearance, bool isAlone)
    {
        if (appearance is not null && _appearance is null)
        {
            _appearance = [.. appearance.Select(bin => (double)bin)];
        }
        else if (appearance is not null && isAlone)
        {
            for (var bin = 0; bin < appearance.Length; bin++)
            {
                _appearance![bin] += _options.AppearanceRate * (appearance[bin] - _appearance[bin]);
            }
        }
    }
}

/// <summary>
/// The path of a track in a bounded number of points: when it is full, every second point is dropped, and from then on
/// only every second new one is added.
/// </summary>
/// <param name="maxPoints">Maximum number of points with the last one, at least 3.</param>
internal sealed class TrackPath(int maxPoints)
{
    private readonly List<TrackPoint> _points = [];
    private long _count;
    private long _step = 1;

    public void Add(TrackPoint point)
    {
        var index = _count++;
        if (index % _step == 0 && _points.Count == maxPoints - 1)
        {
            for (var kept = 1; 2 * kept < _points.Count; kept++)
            {
                _points[kept] = _points[2 * kept];
            }

            _points.RemoveRange((_points.Count + 1) / 2, _points.Count / 2);
            _step *= 2;
        }

        if (index % _step == 0)
        {
            _points.Add(point);
        }
    }

    /// <summary>The points, ending with the last one of the track.</summary>
    public IReadOnlyList<TrackPoint> PointsUntil(TrackPoint last) =>
        _points[^1] == last ? [.. _points] : [.. _points, last];
}
