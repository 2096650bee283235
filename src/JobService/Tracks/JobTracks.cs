using ForegSyte.Inference.V1;
using ForegSyte.Jobs.Storage;
using ForegSyte.Jobs.Tracking;
using ForegSyte.V1;
using Google.Protobuf;
using ObjectTrack = ForegSyte.V1.ObjectTrack;

namespace ForegSyte.Jobs.Tracks;

/// <summary>
/// Follows objects, texts and shots over the segments of a job, in their order, and keeps what ended in temporary
/// files. The first segment with results decides what is followed. It depends on the segments alone, so that another
/// one that gets the same segments has the same tracks. One caller at a time; after a failed call it cannot be used.
/// </summary>
/// <param name="job">The job.</param>
/// <param name="video">Its video.</param>
/// <param name="storage">Has the temporary files.</param>
/// <param name="keepsFrames">Whether <see cref="ReadFramesAsync"/> will be called.</param>
internal sealed class JobTracks(JobRecord job, VideoInfo video, IStorage storage, bool keepsFrames) : IAsyncDisposable
{
    private readonly Dictionary<int, (int ClassId, string Label)> _published = [];
    private bool _isDecided;
    private VideoTracker? _tracker;
    private TrackSpool? _tracks;
    private FrameSpool? _frames;

    /// <summary>Number of segments that were added; the number of the next one.</summary>
    public int SegmentCount { get; private set; }

    /// <summary>Whether something is followed; false also until the first segment with results.</summary>
    public bool IsTracking => _tracker is not null;

    /// <summary>Whether more segments can change nothing, because nothing is followed.</summary>
    public bool IsDone => _isDecided && _tracker is null;

    /// <summary>Adds the next segment.</summary>
    /// <param name="range">Its range; a gap ends all tracks.</param>
    /// <param name="segment">The response for it.</param>
    /// <param name="cancellationToken">Cancels the writes.</param>
    /// <exception cref="ArgumentException">A parameter of the pipeline's tracking is out of range.</exception>
    /// <exception cref="Hosting.Errors.ServiceException">STORAGE_FULL.</exception>
    public async Task AddAsync(Segment range, RunPipelineResponse segment, CancellationToken cancellationToken)
    {
        SegmentCount++;
        if (!_isDecided && segment.Results.Count > 0)
        {
            _isDecided = true;
            await BeginAsync(segment.Tracking ?? new V1.Tracking(), cancellationToken);
        }

        if (_tracker is null)
        {
            return;
        }

        if (range.IsGap)
        {
            _tracker.Finish();
        }

        for (var number = 0; number < segment.Results.Count; number++)
        {
            _tracker.Add(
                segment.Results[number], number < segment.Observations.Count ? segment.Observations[number] : null);
        }

        await KeepAsync(_tracker, cancellationToken);
    }

    /// <summary>Ends all tracks after the last segment.</summary>
    /// <exception cref="Hosting.Errors.ServiceException">STORAGE_FULL.</exception>
    public async Task FinishAsync(CancellationToken cancellationToken)
    {
        if (_tracker is not null)
        {
            _tracker.Finish();
            await KeepAsync(_tracker, cancellationToken);
        }
    }

    /// <summary>
    /// Reads the published tracks of a section by their ids, live ones among them.
    /// </summary>
    /// <param name="section">A section whose tracks are of this type.</param>
    /// <param name="firstId">Minimum id.</param>
    /// <param name="cancellationToken">Ends the enumeration.</param>
    public IAsyncEnumerable<T> ReadAsync<T>(TrackSection section, int firstId, CancellationToken cancellationToken)
        where T : class, IMessage, new()
    {
        if (_tracker is null)
        {
            return AsyncEnumerable.Empty<T>();
        }

        var live = _tracker.Live.ToList();
        var objects = live.OfType<ObjectTrack>().Select(track => track.TrackId).ToHashSet();
        var ofSection = live.OfType<T>().Where(track => TracksFormat.IdOf(track) >= firstId);
        return Merge(_tracks!.ReadAsync<T>(section, firstId, cancellationToken), ofSection)
            .Select(track => WithPublishedObject(track, objects));
    }

    /// <summary>
    /// What tracking adds to each frame, from the first one on; call it once, after the last segment.
    /// </summary>
    public IAsyncEnumerable<FrameResult> ReadFramesAsync(CancellationToken cancellationToken) =>
        _frames?.ReadAllAsync(cancellationToken) ?? AsyncEnumerable.Empty<FrameResult>();

    /// <summary>
    /// Adds the published tracks to a frame of the results; false if the two are not of the same frame.
    /// </summary>
    /// <param name="frame">The frame, which is changed.</param>
    /// <param name="tracked">What tracking adds, from <see cref="ReadFramesAsync"/>.</param>
    public bool TryAnnotate(FrameResult frame, FrameResult tracked)
    {
        var (detections, regions) = (frame.Result?.Detections ?? [], frame.Result?.TextRegions ?? []);
        if (frame.FrameIndex != tracked.FrameIndex || detections.Count != tracked.Result.Detections.Count
            || regions.Count != tracked.Result.TextRegions.Count)
        {
            return false;
        }

        foreach (var (detection, ids) in detections.Zip(tracked.Result.Detections))
        {
            detection.TrackId = _published.ContainsKey(ids.TrackId) ? ids.TrackId : 0;
        }

        foreach (var (region, ids) in regions.Zip(tracked.Result.TextRegions))
        {
            region.TrackId = _tracks!.Has(TrackSection.Texts, ids.TrackId) ? ids.TrackId : 0;
        }

        foreach (var box in tracked.Result.InterpolatedDetections)
        {
            if (_published.TryGetValue(box.TrackId, out var track))
            {
                (box.ClassId, box.Label) = track;
                frame.Result ??= new PipelineResult();
                frame.Result.InterpolatedDetections.Add(box);
            }
        }

        return true;
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        if (_tracks is not null)
        {
            await _tracks.DisposeAsync();
        }

        if (_frames is not null)
        {
            await _frames.DisposeAsync();
        }
    }

    private async Task BeginAsync(V1.Tracking tracking, CancellationToken cancellationToken)
    {
        if (tracking.Objects is null && tracking.Texts is null && tracking.Shots is null)
        {
            return;
        }

        _tracks = await TrackSpool.CreateAsync(storage, job.JobId, cancellationToken);
        _frames = keepsFrames ? await FrameSpool.CreateAsync(storage, job.JobId, cancellationToken) : null;
        _tracker = new VideoTracker(
            tracking, video, job.Choices.Zones, job.Choices.Lines, job.Choices.Sampling == Sampling.Adaptive);
    }

    private async Task KeepAsync(VideoTracker tracker, CancellationToken cancellationToken)
    {
        foreach (var track in tracker.TakeEnded())
        {
            var section = SectionOf(track);
            await _tracks!.AddAsync(section, track, cancellationToken);
            if (track is ObjectTrack published)
            {
                _published[published.TrackId] = (published.ClassId, published.Label);
            }
        }

        foreach (var frame in tracker.TakeFrames())
        {
            if (_frames is not null)
            {
                await _frames.AddAsync(MessageOf(frame), cancellationToken);
            }
        }
    }

    private static TrackSection SectionOf(IMessage track) => track switch
    {
        ObjectTrack => TrackSection.Objects,
        TextTrack => TrackSection.Texts,
        _ => TrackSection.Shots,
    };

    private static FrameResult MessageOf(TrackedFrame frame) => new()
    {
        FrameIndex = frame.FrameIndex,
        Result = new PipelineResult
        {
            Detections = { frame.ObjectIds.Select(id => new Detection { TrackId = id }) },
            TextRegions = { frame.TextIds.Select(id => new TextRegion { TrackId = id }) },
            InterpolatedDetections =
            {
                frame.Boxes.Select(box => new Detection { TrackId = box.TrackId, Box = box.Box }),
            },
        },
    };

    /// <summary>Removes the object of a text if it is not published.</summary>
    private T WithPublishedObject<T>(T track, HashSet<int> liveObjects)
        where T : class
    {
        if (track is TextTrack text && !_published.ContainsKey(text.ObjectTrackId)
            && !liveObjects.Contains(text.ObjectTrackId))
        {
            text.ObjectTrackId = 0;
        }

        return track;
    }

    /// <summary>Merges two sequences in the order of ids.</summary>
    private static async IAsyncEnumerable<T> Merge<T>(IAsyncEnumerable<T> ended, IEnumerable<T> live)
        where T : class, IMessage
    {
        var waiting = new Queue<T>(live);
        await foreach (var track in ended)
        {
            while (waiting.TryPeek(out var next) && TracksFormat.IdOf(next) < TracksFormat.IdOf(track))
            {
                yield return waiting.Dequeue();
            }

            yield return track;
        }

        while (waiting.TryDequeue(out var next))
        {
            yield return next;
        }
    }
}
