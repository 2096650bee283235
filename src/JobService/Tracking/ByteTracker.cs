namespace ForegSyte.Jobs.Tracking;

/// <summary>
/// Follows objects over frames in the manner of ByteTrack (Zhang et al. 2022, "ByteTrack: Multi-Object Tracking by
/// Associating Every Detection Box"). Each frame has four rounds; each assigns candidates to tracks so that the sum of
/// similarities is the greatest:
/// 1. Confident detections to confirmed tracks, seen or hidden, by the overlap with the predicted box. A track that is
///    hidden behind another one can also appear at that one's box.
/// 2. Unconfident detections to the tracks that the last frame had: an object that is half hidden keeps its track.
/// 3. The other confident detections to the other confirmed tracks, by distance, size and appearance.
/// 4. The other confident detections to tracks of one frame, by overlap. What is still left begins a track.
/// The result depends only on the frames so far and their candidates: a tracker that is fed again with stored results
/// is in the same state. Memory is bounded by <see cref="TrackerOptions.MaxLiveTracks"/>.
/// </summary>
internal sealed class ByteTracker
{
    /// <summary>Minimum ratio of the heights of an object before and after it was hidden.</summary>
    private const double MinSizeRatio = 0.6;

    /// <summary>Minimum similarity in the third round, where distance, size and likeness have limits of their
    /// own.</summary>
    private const double MinRecovery = 0.1;

    /// <summary>Share of a box that other objects may cover before its colours are not its own.</summary>
    private const double MaxShared = 0.2;

    private readonly TrackerOptions _options;
    private readonly int _width;
    private readonly int _height;
    private readonly List<LiveTrack> _tracks = [];

    // The frames since the oldest live track was seen.
    private readonly List<(int Index, double Time)> _frames = [];
    private int _lastId;
    private int _lastFrame = -1;
    private double _lastTime = double.NegativeInfinity;

    /// <summary>Creates a tracker for one video.</summary>
    /// <param name="options">How objects are followed.</param>
    /// <param name="width">Width of the frames in pixels.</param>
    /// <param name="height">Height of the frames in pixels.</param>
    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    public ByteTracker(TrackerOptions options, int width, int height)
    {
        if (options.Mistakes().FirstOrDefault() is { } mistake)
        {
            throw new ArgumentException(mistake, nameof(options));
        }

        (_options, _width, _height) = (options, width, height);
    }

    /// <summary>The tracks that can still continue, by id.</summary>
    public IReadOnlyList<LiveTrack> Tracks => _tracks;

    /// <summary>Continues the tracks with the candidates of the next frame.</summary>
    /// <param name="frameIndex">Index of the frame, greater than the last one.</param>
    /// <param name="time">Time of the frame in seconds; an earlier one than the last counts as the last.</param>
    /// <param name="candidates">
    /// Detections from <see cref="TrackerOptions.CandidateConfidence"/> on; others, and those with an empty box, get no
    /// track.
    /// </param>
    /// <param name="isFollowed">
    /// Whether no detector looked at the frame: the candidates are earlier detections that were found again by their
    /// pictures. They move the tracks that they are nearest to and are no evidence of any.
    /// </param>
    public FrameTracks Update(
        int frameIndex, double time, IReadOnlyList<TrackCandidate> candidates, bool isFollowed = false)
    {
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(frameIndex, _lastFrame);
        time = Math.Max(time, _lastTime);
        foreach (var track in _tracks)
        {
            track.Predict(time, isHidden: track.Last.FrameIndex != _lastFrame);
        }

        var round = new FrameRounds(this, frameIndex, time, candidates, isFollowed);
        if (isFollowed)
        {
            round.Match(
                track => track.Last.FrameIndex == _lastFrame, isConfident: false, CandidateOverlap,
                _options.MinCandidateOverlap);
        }

        round.Match(track => track.IsConfirmed, isConfident: true, Overlap, _options.MinOverlap);
        round.Match(
            track => track.IsConfirmed && track.Last.FrameIndex == _lastFrame, isConfident: false, CandidateOverlap,
            _options.MinCandidateOverlap);
        round.Match(
            track => track.IsConfirmed, isConfident: true, (track, item) => Nearness(track, item, time), MinRecovery);
        round.Match(track => !track.IsConfirmed, isConfident: true, Overlap, _options.MinOverlap);

        foreach (var track in _tracks.Where(round.IsFree))
        {
            track.HiddenBehind = round.FrontOf(track) ?? track.HiddenBehind;
        }

        _frames.Add((frameIndex, time));
        var ended = _tracks
            .Where(track => round.IsFree(track) && (track.IsConfirmed || !isFollowed) && HasEnded(track, time))
            .ToHashSet();
        _tracks.RemoveAll(ended.Contains);
        _tracks.AddRange(round.Begin(ref _lastId));
        ended.UnionWith(_tracks.OrderBy(track => track.Last.FrameIndex).ThenBy(track => track.Id)
            .Take(Math.Max(0, _tracks.Count - _options.MaxLiveTracks)));
        _tracks.RemoveAll(ended.Contains);
        foreach (var track in _tracks.Where(track => track.HiddenBehind is { } front && ended.Contains(front)))
        {
            track.HiddenBehind = null;
        }

        (_lastFrame, _lastTime) = (frameIndex, time);
        var oldest = _tracks.Select(track => track.Last.FrameIndex).DefaultIfEmpty(frameIndex).Min();
        _frames.RemoveAll(frame => frame.Index <= oldest);
        return new FrameTracks(round.TrackIds, round.Interpolated, Published(ended));
    }

    /// <summary>The published tracks that are still live at the end of the video, by id.</summary>
    public IReadOnlyList<ObjectTrack> Finish()
    {
        var ended = Published(_tracks);
        _tracks.Clear();
        return ended;
    }

    private static List<ObjectTrack> Published(IEnumerable<LiveTrack> tracks) =>
        [.. tracks.Where(track => track.IsPublished).OrderBy(track => track.Id).Select(track => track.ToObjectTrack())];

    private bool HasEnded(LiveTrack track, double time)
    {
        var box = track.Box;
        var isOutside = box.CenterX < 0 || box.CenterX > _width || box.CenterY < 0 || box.CenterY > _height;
        var seconds = isOutside ? _options.MaxLeavingSeconds
            : track.HiddenBehind is null ? _options.MaxHiddenSeconds : _options.MaxCoveredSeconds;
        return !track.IsConfirmed || time - track.Last.Time > seconds
            || _frames.Count(frame => frame.Index > track.Last.FrameIndex) > _options.MaxHiddenFrames;
    }

    private double Overlap(LiveTrack track, TrackCandidate candidate)
    {
        var overlap = track.Box.OverlapWith(candidate.Box, _options.Growth);
        if (track.HiddenBehind is { } front)
        {
            overlap = Math.Max(
                overlap, _options.BehindFactor * front.Box.OverlapWith(candidate.Box, _options.Growth));
        }

        return overlap * AppearanceFactor(track.LikenessOf(candidate));
    }

    private double CandidateOverlap(LiveTrack track, TrackCandidate candidate) =>
        track.Box.OverlapWith(candidate.Box) * AppearanceFactor(track.LikenessOf(candidate));

    private double Nearness(LiveTrack track, TrackCandidate candidate, double time)
    {
        var (box, last) = (candidate.Box, track.Last.Box);
        var likeness = track.LikenessOf(candidate);
        var size = Math.Min(box.Height, last.Height) / Math.Max(box.Height, last.Height);
        var distance = Math.Min(track.Box.DistanceTo(box), last.DistanceTo(box)) / last.Height;
        var reach = Math.Min(
            _options.MaxReach, _options.Reach + (_options.ReachSpeed * (time - track.Last.Time)));
        return likeness < _options.LikenessFloor || size < MinSizeRatio || distance >= reach
            ? 0
            : (1 - (distance / reach / 2)) * size * AppearanceFactor(likeness);
    }

    private double AppearanceFactor(double likeness)
    {
        var stretched = (likeness - _options.LikenessFloor) / (1 - _options.LikenessFloor);
        return 1 - (_options.AppearanceWeight * (1 - Math.Clamp(stretched, 0, 1)));
    }

    /// <summary>The rounds of one frame.</summary>
    private sealed class FrameRounds
    {
        private readonly ByteTracker _tracker;
        private readonly int _frameIndex;
        private readonly double _time;
        private readonly IReadOnlyList<TrackCandidate> _candidates;
        private readonly bool _isFollowed;
        private readonly LiveTrack?[] _trackOf;
        private readonly List<int> _confident;
        private readonly List<int> _unconfident;
        private readonly Dictionary<LiveTrack, TrackBox> _predicted;
        private readonly List<LiveTrack> _matched = [];

        public FrameRounds(
            ByteTracker tracker, int frameIndex, double time, IReadOnlyList<TrackCandidate> candidates,
            bool isFollowed)
        {
            (_tracker, _frameIndex, _time, _candidates) = (tracker, frameIndex, time, candidates);
            _isFollowed = isFollowed;
            _trackOf = new LiveTrack?[candidates.Count];
            var usable = Enumerable.Range(0, candidates.Count)
                .Where(index => candidates[index].Confidence >= tracker._options.CandidateConfidence
                    && candidates[index].Box is { Width: > 0, Height: > 0 } box
                    && double.IsFinite(box.X + box.Y + box.Area))
                .ToLookup(index => !isFollowed && candidates[index].Confidence >= tracker._options.Confidence);
            (_confident, _unconfident) = ([.. usable[true]], [.. usable[false]]);
            _predicted = tracker._tracks.ToDictionary(track => track, track => track.Box);
        }

        public List<AddedPoint> Interpolated { get; } = [];

        public int[] TrackIds => [.. _trackOf.Select(track => track?.Id ?? 0)];

        public bool IsFree(LiveTrack track) => track.Last.FrameIndex != _frameIndex;

        /// <summary>Assigns the unassigned candidates to the unassigned tracks that a condition selects.</summary>
        public void Match(
            Func<LiveTrack, bool> isSelected, bool isConfident, Func<LiveTrack, TrackCandidate, double> similarity,
            double minimum)
        {
            List<LiveTrack> tracks = [.. _tracker._tracks.Where(track => IsFree(track) && isSelected(track))];
            var indexes = isConfident ? _confident : _unconfident;
            var costs = new double[tracks.Count, indexes.Count];
            for (var row = 0; row < tracks.Count; row++)
            {
                for (var column = 0; column < indexes.Count; column++)
                {
                    var candidate = _candidates[indexes[column]];
                    var isSame = tracks[row].ClassId == candidate.ClassId;
                    costs[row, column] = 1 - (similarity(tracks[row], candidate)
                        * (isSame ? 1 : _tracker._options.OtherClassFactor));
                }
            }

            foreach (var (row, column) in LinearAssignment.Solve(costs, 1 - minimum).Index())
            {
                if (column >= 0)
                {
                    Continue(tracks[row], indexes[column]);
                }
            }

            indexes.RemoveAll(index => _trackOf[index] is not null);
        }

        /// <summary>The track whose candidate covers most of the predicted box of a hidden track; null for
        /// none.</summary>
        public LiveTrack? FrontOf(LiveTrack hidden)
        {
            var box = _predicted[hidden];
            return _matched
                .Where(track => box.IntersectionWith(track.Last.Box) > _tracker._options.MinCover * box.Area)
                .OrderByDescending(track => box.IntersectionWith(track.Last.Box))
                .ThenBy(track => track.Id)
                .FirstOrDefault();
        }

        /// <summary>Begins a track with each confident candidate that is left.</summary>
        public List<LiveTrack> Begin(ref int lastId)
        {
            var begun = new List<LiveTrack>();
            foreach (var index in _confident)
            {
                var track = new LiveTrack(++lastId, _tracker._options, PointOf(index), _candidates[index]);
                _trackOf[index] = track;
                begun.Add(track);
            }

            return begun;
        }

        private TrackPoint PointOf(int index) => new(_frameIndex, _time, _candidates[index].Box, IsInterpolated: false);

        private void Continue(LiveTrack track, int index)
        {
            var (last, point) = (track.Last, PointOf(index));
            Interpolated.AddRange(_tracker._frames
                .Where(frame => frame.Index > last.FrameIndex)
                .Select(frame => new AddedPoint(track.Id, last.Toward(point, frame.Index, frame.Time))));
            var isAlone = _predicted.All(other => other.Key == track
                || other.Value.IntersectionWith(point.Box) <= MaxShared * point.Box.Area);
            track.Continue(point, _candidates[index], isAlone, _isFollowed);
            _trackOf[index] = track;
            _matched.Add(track);
        }
    }
}
