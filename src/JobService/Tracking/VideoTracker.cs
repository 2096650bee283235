using ForegSyte.Inference.V1;
using ForegSyte.V1;
using Google.Protobuf;

namespace ForegSyte.Jobs.Tracking;

/// <summary>
/// Follows objects, texts and shots over the frames of a video, as its pipeline declares. The result depends only on
/// the frames so far, so a tracker that is fed again with stored results is in the same state. Memory is bounded by the
/// live tracks and by the frames into which one of them can still be interpolated.
/// </summary>
internal sealed class VideoTracker
{
    private readonly ByteTracker? _objects;
    private readonly TextTracker? _texts;
    private readonly ShotDetectorOptions? _shotOptions;
    private readonly ZoneCounter _zones;
    private readonly HashSet<int> _counted = [];
    private readonly Dictionary<int, string> _labels = [];
    private readonly List<IMessage> _ended = [];
    private readonly List<TrackedFrame> _decided = [];
    private readonly Queue<TrackedFrame> _open = new();
    private ShotDetector? _shots;

    // The number of the last shot before the current detector began.
    private int _earlierShots;

    /// <summary>Creates a tracker for one video.</summary>
    /// <param name="tracking">What is followed.</param>
    /// <param name="video">The video, for the size of its frames.</param>
    /// <param name="zones">The zones of the job.</param>
    /// <param name="lines">The counting lines of the job.</param>
    /// <param name="isAdaptive">Whether the job has adaptive sampling.</param>
    /// <exception cref="ArgumentException">A parameter is out of its range.</exception>
    public VideoTracker(
        V1.Tracking tracking, VideoInfo video, IReadOnlyList<Zone> zones, IReadOnlyList<CountingLine> lines,
        bool isAdaptive = false)
    {
        _objects = tracking.Objects is { } objects
            ? new ByteTracker(TrackerOptions.From(objects, isAdaptive), video.Width, video.Height)
            : null;
        _texts = tracking.Texts is { } texts
            ? new TextTracker(TextTrackerOptions.From(texts), video.Width, video.Height)
            : null;
        _shotOptions = tracking.Shots is { } shots ? ShotDetectorOptions.From(shots) : null;
        _shots = NewShots();
        _zones = new ZoneCounter(zones, lines, video.Width, video.Height);
    }

    /// <summary>
    /// The published tracks and shots that can still continue, as they are now: objects, then texts, each by id, then
    /// the shot.
    /// </summary>
    public IEnumerable<IMessage> Live =>
    [
        .. (_objects?.Tracks ?? []).Where(track => track.IsPublished)
            .OrderBy(track => track.Id)
            .Select(track => MessageOf(track.ToObjectTrack(), isLive: true)),
        .. _texts?.Live ?? [],
        .. Numbered(_shots?.Live),
    ];

    /// <summary>Adds the next analyzed frame.</summary>
    /// <param name="frame">The frame, with a greater index than the last one.</param>
    /// <param name="observations">What the frame shows beside its results; null if it is unknown.</param>
    public void Add(FrameResult frame, FrameObservations? observations)
    {
        var (index, timestamp) = (frame.FrameIndex, frame.FrameTimestampMs);
        var result = frame.Result ?? new PipelineResult();
        var tracked = new TrackedFrame(
            index, new int[result.Detections.Count], new int[result.TextRegions.Count], []);
        _open.Enqueue(tracked);
        Follow(
            tracked, timestamp, result, observations,
            isFollowed: frame.Interpolated && result.Detections.Count == 0);
        if (_texts is not null)
        {
            int[] objects = [.. result.TextRegions.Select(region => ObjectOf(region, tracked.ObjectIds))];
            _texts.Update(index, timestamp, result.TextRegions, objects).CopyTo(tracked.TextIds, 0);
            _ended.AddRange(_texts.TakeEnded());
        }

        if (_shots is not null)
        {
            _shots.Update(index, timestamp, observations is null ? [] : observations.Signature.Span);
            _ended.AddRange(Numbered(_shots.TakeEnded()));
        }

        Decide();
    }

    /// <summary>
    /// Ends all tracks: at the end of the video, or before a part of it that is not analyzed, where a new shot begins.
    /// </summary>
    public void Finish()
    {
        _ended.AddRange((_objects?.Finish() ?? []).Select(track => MessageOf(track, isLive: false)));
        _ended.AddRange(_texts?.Finish() ?? []);
        List<Shot> shots = [.. Numbered(_shots?.Finish())];
        _ended.AddRange(shots);
        (_earlierShots, _shots) = (shots is [.., var last] ? last.Number : _earlierShots, NewShots());
        ForgetEnded();
        Decide();
    }

    /// <summary>
    /// The published tracks and shots that ended since the last call: ObjectTrack, TextTrack and Shot messages. The
    /// object of a text can be a track that is never published.
    /// </summary>
    public IReadOnlyList<IMessage> TakeEnded()
    {
        IMessage[] ended = [.. _ended];
        _ended.Clear();
        return ended;
    }

    /// <summary>The frames that no later frame changes, each once, in order.</summary>
    public IReadOnlyList<TrackedFrame> TakeFrames()
    {
        TrackedFrame[] decided = [.. _decided];
        _decided.Clear();
        return decided;
    }

    private ShotDetector? NewShots() => _shotOptions is null ? null : new ShotDetector(_shotOptions);

    /// <summary>Adds the shots of earlier detectors to the numbers.</summary>
    private IEnumerable<Shot> Numbered(IEnumerable<Shot>? shots)
    {
        foreach (var shot in shots ?? [])
        {
            shot.Number += _earlierShots;
            yield return shot;
        }
    }

    private static int ObjectOf(TextRegion region, int[] objectIds) =>
        region.HasDetectionIndex && region.DetectionIndex >= 0 && region.DetectionIndex < objectIds.Length
            ? objectIds[region.DetectionIndex]
            : 0;

    /// <summary>Continues the objects, their zones and their boxes in this and earlier frames.</summary>
    private void Follow(
        TrackedFrame frame, uint timestamp, PipelineResult result, FrameObservations? observations, bool isFollowed)
    {
        if (_objects is null)
        {
            return;
        }

        var boxes = new List<BoundingBox>();
        var candidates = new List<TrackCandidate>();
        for (var number = 0; number < result.Detections.Count; number++)
        {
            var detection = result.Detections[number];
            var appearance = number < observations?.Appearances.Count ? observations.Appearances[number] : null;
            Include(detection.ClassId, detection.Label, detection.Confidence, detection.Box, appearance);
        }

        foreach (var candidate in observations?.Candidates ?? [])
        {
            Include(candidate.ClassId, candidate.Label, candidate.Confidence, candidate.Box, candidate.Appearance);
        }

        var tracks = _objects.Update(frame.FrameIndex, timestamp / 1000.0, candidates, isFollowed);
        for (var number = 0; number < candidates.Count; number++)
        {
            var trackId = tracks.TrackIds[number];
            if (trackId != 0)
            {
                _zones.Update(trackId, frame.FrameIndex, timestamp, boxes[number]);
                _counted.Add(trackId);
            }

            if (number < frame.ObjectIds.Length)
            {
                frame.ObjectIds[number] = trackId;
            }
            else if (trackId != 0)
            {
                frame.Boxes.Add(new TrackedBox(trackId, boxes[number]));
            }
        }

        foreach (var (trackId, point) in tracks.Interpolated)
        {
            _open.First(open => open.FrameIndex == point.FrameIndex).Boxes.Add(
                new TrackedBox(trackId, BoxOf(point.Box)));
        }

        _ended.AddRange(tracks.Ended.Select(track => MessageOf(track, isLive: false)));
        ForgetEnded();

        void Include(int classId, string label, float confidence, BoundingBox? box, ByteString? appearance)
        {
            _labels.TryAdd(classId, label);
            boxes.Add(box ?? new BoundingBox());
            candidates.Add(new TrackCandidate(
                classId, confidence, BoxOf(boxes[^1]),
                appearance?.Length == Appearance.Length ? appearance.ToByteArray() : null));
        }
    }

    /// <summary>Forgets the zones of tracks that are not live any more.</summary>
    private void ForgetEnded()
    {
        if (_counted.Count <= (_objects?.Tracks.Count ?? 0))
        {
            return;
        }

        var live = _objects!.Tracks.Select(track => track.Id).ToHashSet();
        foreach (var gone in _counted.Where(trackId => !live.Contains(trackId)).ToList())
        {
            _zones.Remove(gone);
            _counted.Remove(gone);
        }
    }

    /// <summary>
    /// A frame is decided when each live track was seen in it or later: none is interpolated into it.
    /// </summary>
    private void Decide()
    {
        var oldest = int.MaxValue;
        foreach (var track in _objects?.Tracks ?? [])
        {
            oldest = Math.Min(oldest, track.Last.FrameIndex);
        }

        while (_open.TryPeek(out var first) && first.FrameIndex <= oldest)
        {
            first.Boxes.Sort((a, b) => a.TrackId.CompareTo(b.TrackId));
            _decided.Add(_open.Dequeue());
        }
    }

    private V1.ObjectTrack MessageOf(ObjectTrack track, bool isLive)
    {
        var (visits, crossings) = _zones.Of(track.Id);
        return new V1.ObjectTrack
        {
            TrackId = track.Id,
            Label = _labels[track.ClassId],
            ClassId = track.ClassId,
            Confidence = (float)track.Confidence,
            First = MessageOf(track.First),
            Last = MessageOf(track.Last),
            Best = MessageOf(track.Best),
            FramesSeen = track.FramesSeen,
            Path = { track.Path.Select(MessageOf) },
            ZoneVisits = { visits },
            LineCrossings = { crossings },
            Live = isLive,
        };
    }

    private static V1.TrackPoint MessageOf(TrackPoint point) => new()
    {
        FrameIndex = point.FrameIndex,
        FrameTimestampMs = (uint)Math.Round(point.Time * 1000),
        Box = BoxOf(point.Box),
    };

    private static TrackBox BoxOf(BoundingBox box) => new(box.X, box.Y, box.Width, box.Height);

    private static BoundingBox BoxOf(TrackBox box) => new()
    {
        X = (float)box.X,
        Y = (float)box.Y,
        Width = (float)box.Width,
        Height = (float)box.Height,
    };
}

/// <summary>The tracks of a frame. Some of them may never be published.</summary>
/// <param name="FrameIndex">Index of the frame.</param>
/// <param name="ObjectIds">Track of each detection; 0 for none.</param>
/// <param name="TextIds">Track of each text region; 0 for none.</param>
/// <param name="Boxes">
/// Boxes of the objects without a detection, by track: where the detector was not sure enough, and otherwise between
/// the frames before and after.
/// </param>
internal sealed record TrackedFrame(int FrameIndex, int[] ObjectIds, int[] TextIds, List<TrackedBox> Boxes);

/// <summary>The box of a track in a frame.</summary>
internal readonly record struct TrackedBox(int TrackId, BoundingBox Box);
