using ForegSyte.V1;

namespace ForegSyte.Jobs.Tracking;

/// <summary>
/// Follows lines of text over frames: the same place with about the same characters is the same text. Each frame has
/// four rounds; the first three assign its lines to tracks so that the sum of similarities is the greatest:
/// 1. By place (overlap of the grown lines) and reading (edit distance).
/// 2. A line that is a part of a track's text in a part of its place, or the other way round: half of a sign behind a
///    passer-by.
/// 3. By reading alone within some heights: a text that moved fast, or was hidden while the camera moved.
/// 4. Further parts of a track's text join the part that continued the track: a line that the detector cut in two. They
///    have no vote.
/// What is still left begins a track. A clock or a counter, which changes some of its characters at a time, is one
/// track with many readings; a display that changes most of them begins a track for each text. The result depends only
/// on the frames so far: a tracker that is fed again with stored results is in the same state. Memory is bounded by
/// <see cref="TextTrackerOptions.MaxLiveTracks"/>.
/// </summary>
internal sealed class TextTracker
{
    /// <summary>Minimum ratio of the heights of a line before and after, where places do not decide.</summary>
    private const double MinSizeRatio = 0.6;

    private readonly TextTrackerOptions _options;
    private readonly int _width;
    private readonly int _height;
    private readonly List<LiveText> _tracks = [];
    private readonly List<TextTrack> _ended = [];
    private int _lastId;
    private int _lastFrame = -1;
    private double _lastTime;

    /// <summary>Creates a tracker for one video.</summary>
    /// <param name="options">How texts are followed.</param>
    /// <param name="width">Width of the frames in pixels.</param>
    /// <param name="height">Height of the frames in pixels.</param>
    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    public TextTracker(TextTrackerOptions options, int width, int height)
    {
        if (options.Mistakes().FirstOrDefault() is { } mistake)
        {
            throw new ArgumentException(mistake, nameof(options));
        }

        (_options, _width, _height) = (options, width, height);
    }

    /// <summary>The tracks that can still continue and would be published if the video ended here, by id.</summary>
    public IReadOnlyList<TextTrack> Live =>
        [.. _tracks.Where(track => track.IsPublished).Select(track => track.ToTextTrack(isLive: true))];

    /// <summary>Continues the tracks with the lines of the next frame.</summary>
    /// <param name="frameIndex">Index of the frame, greater than the last one.</param>
    /// <param name="timestampMs">Its timestamp; an earlier one than the last counts as the last.</param>
    /// <param name="regions">The lines of the frame.</param>
    /// <param name="objectTrackIds">Track of the object that each line is on; 0 for none.</param>
    /// <returns>
    /// The track of each line; 0 for none: its polygon has no area. Ids of tracks that are never published are among
    /// them.
    /// </returns>
    public int[] Update(
        int frameIndex, uint timestampMs, IReadOnlyList<TextRegion> regions, IReadOnlyList<int> objectTrackIds)
    {
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(frameIndex, _lastFrame);
        ArgumentOutOfRangeException.ThrowIfNotEqual(objectTrackIds.Count, regions.Count);
        var time = Math.Max(timestampMs / 1000.0, _lastTime);
        foreach (var track in _tracks)
        {
            track.Predict(_lastFrame < 0 ? 0 : time - _lastTime);
        }

        List<(int Index, TextSighting Sighting)> free = [.. regions.Index()
            .Select(item => (item.Index, Sighting: TextLine.Of(item.Item.Polygon) is { } line
                ? new TextSighting(
                    frameIndex, timestampMs, time, item.Item, line, new Reading(item.Item.Text),
                    objectTrackIds[item.Index])
                : null))
            .Where(item => item.Sighting is not null)
            .Select(item => (item.Index, item.Sighting!))];
        var ids = new int[regions.Count];
        Match(free, ids, AtSamePlace);
        Match(free, ids, (track, line) => track.PartOf(line));
        Match(free, ids, (track, line) => Elsewhere(track, line, time));
        Join(free, ids);
        End(time);
        foreach (var (index, sighting) in free)
        {
            ids[index] = ++_lastId;
            _tracks.Add(new LiveText(_lastId, _options, sighting));
        }

        if (_tracks.Count > _options.MaxLiveTracks)
        {
            End([.. _tracks.OrderBy(track => track.LastTime).ThenBy(track => track.Id)
                .Take(_tracks.Count - _options.MaxLiveTracks)]);
        }

        (_lastFrame, _lastTime) = (frameIndex, time);
        return ids;
    }

    /// <summary>The published tracks that can no longer continue, each reported once, in the order of their ends, then
    /// by id.</summary>
    public IReadOnlyList<TextTrack> TakeEnded()
    {
        TextTrack[] ended = [.. _ended];
        _ended.Clear();
        return ended;
    }

    /// <summary>Ends all tracks.</summary>
    /// <returns>The published tracks that were not yet reported, as in TakeEnded.</returns>
    public IReadOnlyList<TextTrack> Finish()
    {
        End([.. _tracks]);
        return TakeEnded();
    }

    private double AtSamePlace(LiveText track, TextSighting sighting)
    {
        // Lines that are far apart need no polygons.
        var (line, own) = (sighting.Line, track.Line);
        if (own.DistanceTo(line) > own.Radius + line.Radius + (2 * _options.Growth * (own.Height + line.Height)))
        {
            return 0;
        }

        var (a, b) = (own.GrownBy(_options.Growth * own.Height), line.GrownBy(_options.Growth * line.Height));
        var common = a.IntersectionWith(b);
        var overlap = common / (a.Area + b.Area - common);
        if (overlap < _options.MinOverlap)
        {
            return 0;
        }

        var similarity = track.SimilarityTo(sighting.Reading);
        return similarity < _options.MinSimilarity ? 0 : overlap * similarity;
    }

    private double Elsewhere(LiveText track, TextSighting sighting, double time)
    {
        var (line, reading) = (sighting.Line, sighting.Reading);
        var size = TextLine.Ratio(line.Height, track.Height);
        var distance = track.Line.DistanceTo(line) / track.Height;
        var reach = Math.Min(
            _options.MaxReach, _options.Reach + (_options.ReachSpeed * (time - track.LastTime)));
        if (reading.Length < _options.MinFarLength || size < MinSizeRatio || distance >= reach)
        {
            return 0;
        }

        var similarity = track.SimilarityTo(reading);
        return similarity < _options.MinFarSimilarity ? 0 : similarity * size * (1 - (distance / reach / 2));
    }

    /// <summary>Assigns free lines to free tracks; a similarity of 0 forbids a pair.</summary>
    private void Match(
        List<(int Index, TextSighting Sighting)> free, int[] ids, Func<LiveText, TextSighting, double> similarity)
    {
        // Only the tracks and lines with a partner are rows and columns: the assignment is cubic.
        List<(LiveText Track, int Line, double Similarity)> pairs =
        [
            .. from track in _tracks
               where track.FramesHidden > 0
               from line in Enumerable.Range(0, free.Count)
               let value = similarity(track, free[line].Sighting)
               where value > 0
               select (track, line, value),
        ];
        List<LiveText> rows = [.. pairs.Select(pair => pair.Track).Distinct()];
        List<int> columns = [.. pairs.Select(pair => pair.Line).Distinct().Order()];
        var rowOf = rows.Index().ToDictionary(row => row.Item, row => row.Index);
        var columnOf = columns.Index().ToDictionary(column => column.Item, column => column.Index);
        var costs = new double[rows.Count, columns.Count];
        for (var row = 0; row < rows.Count; row++)
        {
            for (var column = 0; column < columns.Count; column++)
            {
                costs[row, column] = double.PositiveInfinity;
            }
        }

        pairs.ForEach(pair => costs[rowOf[pair.Track], columnOf[pair.Line]] = 1 - pair.Similarity);
        var taken = new HashSet<int>();
        foreach (var (row, column) in LinearAssignment.Solve(costs, limit: 1).Index().Where(pair => pair.Item >= 0))
        {
            var (index, sighting) = free[columns[column]];
            rows[row].Continue(sighting);
            ids[index] = rows[row].Id;
            taken.Add(index);
        }

        free.RemoveAll(line => taken.Contains(line.Index));
    }

    /// <summary>Gives the further parts of a text that this frame has to its track.</summary>
    private void Join(List<(int Index, TextSighting Sighting)> free, int[] ids)
    {
        foreach (var (index, sighting) in free)
        {
            ids[index] = _tracks
                .Where(track => track.FramesHidden == 0 && sighting.Reading.Length < track.WholeLength)
                .Select(track => (track.Id, Similarity: track.PartOf(sighting)))
                .Where(track => track.Similarity > 0)
                .OrderByDescending(track => track.Similarity).ThenBy(track => track.Id)
                .FirstOrDefault().Id;
        }

        free.RemoveAll(line => ids[line.Index] != 0);
    }

    private void End(double time) => End([.. _tracks.Where(track => HasEnded(track, time))]);

    private bool HasEnded(LiveText track, double time)
    {
        var line = track.Line;
        var isOutside = line.CenterX < 0 || line.CenterX > _width || line.CenterY < 0 || line.CenterY > _height;
        var seconds = isOutside
            ? Math.Min(_options.MaxLeavingSeconds, _options.MaxHiddenSeconds)
            : _options.MaxHiddenSeconds;
        return track.FramesHidden > _options.MaxHiddenFrames
            || (track.FramesHidden > 0 && time - track.LastTime > seconds);
    }

    private void End(HashSet<LiveText> tracks)
    {
        _ended.AddRange(_tracks
            .Where(track => tracks.Contains(track) && track.IsPublished)
            .Select(track => track.ToTextTrack(isLive: false)));
        _tracks.RemoveAll(tracks.Contains);
    }
}
