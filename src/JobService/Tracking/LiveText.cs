using ForegSyte.V1;

namespace ForegSyte.Jobs.Tracking;

/// <summary>A text track that can still continue.</summary>
internal sealed class LiveText
{
    /// <summary>Readings in a published track, as TextTrack.readings says.</summary>
    private const int PublishedReadings = 10;

    /// <summary>Readings that are counted; a new one takes the place of the weakest (Metwally et al. 2005, "Space
    /// saving").</summary>
    private const int MaxReadings = 64;

    /// <summary>Objects that are counted; a new one takes the place of the rarest.</summary>
    private const int MaxObjects = 16;

    /// <summary>Maximum ratio of the areas of a part and the whole line.</summary>
    private const double PartArea = 0.7;

    /// <summary>Minimum share of a part's place that lies in the place of the whole.</summary>
    private const double MinPartInside = 0.8;

    /// <summary>Minimum similarity and number of characters of a part.</summary>
    private const double MinPartSimilarity = 0.75;

    private const int MinPartLength = 2;

    /// <summary>Minimum ratio of the heights of a part and the whole.</summary>
    private const double MinSizeRatio = 0.6;

    /// <summary>Standard deviation of a detected centre, of the speed of a new text and of the change of speed in a
    /// second, in heights.</summary>
    private const double PositionNoise = 0.1, InitialSpeed = 1, Acceleration = 0.5;

    /// <summary>Decay of the speed of a hidden text, per second.</summary>
    private const double HiddenSlowing = 1;

    private readonly TextTrackerOptions _options;
    private readonly List<Vote> _votes = [];
    private readonly Dictionary<int, int> _objects = [];
    private KalmanCoordinate _x, _y;
    private TextLine _shape;
    private Reading _whole, _last;
    private double _wholeTime;
    private Vote _best;
    private double _evidence;

    public LiveText(int id, TextTrackerOptions options, TextSighting sighting)
    {
        (Id, _options, First) = (id, options, sighting.ToPoint());
        (_shape, _whole, _wholeTime) = (sighting.Line, sighting.Reading, sighting.Time);
        var (noise, speed) = (Square(PositionNoise * Height), Square(InitialSpeed * Height));
        _x = new KalmanCoordinate(_shape.CenterX, noise, speed);
        _y = new KalmanCoordinate(_shape.CenterY, noise, speed);
        (Line, Last, _last, LastTime) = (_shape, First, sighting.Reading, sighting.Time);
        _best = Count(sighting);
    }

    public int Id { get; }

    public TextPoint First { get; }

    public TextPoint Last { get; private set; }

    public double LastTime { get; private set; }

    /// <summary>Number of characters of the whole line.</summary>
    public int WholeLength => _whole.Length;

    /// <summary>The predicted place.</summary>
    public TextLine Line { get; private set; }

    public double Height => _shape.Height;

    public int FramesSeen { get; private set; }

    /// <summary>Number of frames since the last reading.</summary>
    public int FramesHidden { get; private set; }

    /// <summary>Whether the readings were sure enough that there is text.</summary>
    public bool IsPublished { get; private set; }

    /// <summary>Moves the predicted place to the time of the next frame.</summary>
    public void Predict(double seconds)
    {
        if (seconds > 0)
        {
            if (FramesHidden > 0)
            {
                var factor = Math.Exp(-seconds * HiddenSlowing);
                _x.Slow(factor);
                _y.Slow(factor);
            }

            _x.Predict(seconds, Square(Acceleration * Height));
            _y.Predict(seconds, Square(Acceleration * Height));
        }

        FramesHidden++;
        Line = _shape.MovedBy(_x.Position - _shape.CenterX, _y.Position - _shape.CenterY);
    }

    /// <summary>
    /// How much a line is a part of the text at its place, or the text a part of the line; 0 to 1.
    /// </summary>
    public double PartOf(TextSighting sighting)
    {
        var (line, reading) = (sighting.Line, sighting.Reading);
        if (Math.Min(reading.Length, _whole.Length) < MinPartLength
            || (reading.Length < _whole.Length) != (line.Area < Line.Area)
            || TextLine.Ratio(line.Height, Height) < MinSizeRatio)
        {
            return 0;
        }

        var (part, whole) = line.Area < Line.Area ? (line, Line) : (Line, line);
        var inside = part.IntersectionWith(whole.GrownBy(whole.Height / 4)) / part.Area;
        var similarity = _whole.PartSimilarityTo(reading);
        return inside < MinPartInside || similarity < MinPartSimilarity ? 0 : inside * similarity;
    }

    /// <summary>Similarity of a reading to the best, the last and the whole one of the track, 0 to 1.</summary>
    public double SimilarityTo(Reading reading) => Math.Max(
        _best.Reading.SimilarityTo(reading), Math.Max(_last.SimilarityTo(reading), _whole.SimilarityTo(reading)));

    /// <summary>Continues the track with a line of the frame.</summary>
    public void Continue(TextSighting sighting)
    {
        // A part that shows between two passers-by says nothing about the centre of the whole line; the whole says
        // where a part was, not how it moved. A part that stays is the line: a detector joins two lines sometimes.
        var isPart = TextLine.Ratio(sighting.Line.Area, Line.Area) < PartArea && PartOf(sighting) > 0;
        if (!isPart)
        {
            _x.Correct(sighting.Line.CenterX, Square(PositionNoise * sighting.Line.Height));
            _y.Correct(sighting.Line.CenterY, Square(PositionNoise * sighting.Line.Height));
            SetWhole(sighting);
        }
        else if (sighting.Line.Area > Line.Area || sighting.Time - _wholeTime > _options.MaxHiddenSeconds)
        {
            _x.MoveTo(sighting.Line.CenterX);
            _y.MoveTo(sighting.Line.CenterY);
            SetWhole(sighting);
        }

        (Last, _last, LastTime, FramesHidden) = (sighting.ToPoint(), sighting.Reading, sighting.Time, 0);
        _best = Count(sighting);
    }

    /// <summary>The track as it is now.</summary>
    /// <param name="isLive">Whether it may continue.</param>
    public TextTrack ToTextTrack(bool isLive)
    {
        var track = new TextTrack
        {
            TrackId = Id,
            Text = _best.Reading.Text,
            Confidence = (float)(_best.Sum / _best.Count),
            First = First.Clone(),
            Last = Last.Clone(),
            Best = _best.Point.Clone(),
            FramesSeen = FramesSeen,
            ObjectTrackId = _objects.OrderByDescending(item => item.Value).ThenBy(item => item.Key == 0)
                .ThenBy(item => item.Key).First().Key,
            Live = isLive,
        };
        track.Readings.AddRange(_votes
            .OrderByDescending(vote => vote.Count).ThenByDescending(vote => vote.Sum)
            .ThenBy(vote => vote.Reading.Text, StringComparer.Ordinal)
            .Take(PublishedReadings)
            .Select(vote => new TextReading { Text = vote.Reading.Text, FrameCount = vote.Count }));
        return track;
    }

    private static double Square(double value) => value * value;

    private void SetWhole(TextSighting sighting) =>
        (_shape, _whole, _wholeTime) = (sighting.Line, sighting.Reading, sighting.Time);

    /// <summary>Counts a reading.</summary>
    /// <returns>The vote with the largest sum of confidences.</returns>
    private Vote Count(TextSighting sighting)
    {
        FramesSeen++;
        _evidence = Math.Max(0, _evidence + sighting.Confidence - _options.Confidence);
        IsPublished |= _evidence >= _options.MinEvidence;

        if (!_objects.TryAdd(sighting.ObjectTrackId, 1))
        {
            _objects[sighting.ObjectTrackId]++;
        }
        else if (_objects.Count > MaxObjects)
        {
            _objects.Remove(_objects.Where(item => item.Key != sighting.ObjectTrackId)
                .OrderBy(item => item.Value).ThenBy(item => item.Key).First().Key);
        }

        var vote = _votes.Find(vote => vote.Reading.Text == sighting.Reading.Text);
        if (vote is null)
        {
            if (_votes.Count == MaxReadings)
            {
                _votes.Remove(_votes.MinBy(vote => vote.Sum)!);
            }

            vote = new Vote(sighting.Reading, sighting.ToPoint());
            _votes.Add(vote);
        }

        vote.Add(sighting);
        return _votes.Aggregate((best, other) => other.Sum > best.Sum ? other : best);
    }

    /// <summary>The votes for one reading.</summary>
    private sealed class Vote(Reading reading, TextPoint point)
    {
        private double _bestConfidence = double.NegativeInfinity;

        public Reading Reading => reading;

        public double Sum { get; private set; }

        public int Count { get; private set; }

        /// <summary>Where its confidence was the highest; the earliest wins a tie.</summary>
        public TextPoint Point { get; private set; } = point;

        public void Add(TextSighting sighting)
        {
            (Sum, Count) = (Sum + sighting.Confidence, Count + 1);
            if (sighting.Confidence > _bestConfidence)
            {
                (_bestConfidence, Point) = (sighting.Confidence, sighting.ToPoint());
            }
        }
    }
}

/// <summary>A line of text in one frame.</summary>
/// <param name="FrameIndex">Index of the frame.</param>
/// <param name="TimestampMs">Its timestamp.</param>
/// <param name="Time">The same in seconds, never before that of the frame before.</param>
/// <param name="Region">The result of the frame.</param>
/// <param name="Line">Its place.</param>
/// <param name="Reading">Its text.</param>
/// <param name="ObjectTrackId">Track of the object that it is on; 0 for none.</param>
internal sealed record TextSighting(
    int FrameIndex, uint TimestampMs, double Time, TextRegion Region, TextLine Line, Reading Reading, int ObjectTrackId)
{
    public double Confidence => Region.Confidence;

    public TextPoint ToPoint() => new()
    {
        FrameIndex = FrameIndex,
        FrameTimestampMs = TimestampMs,
        Polygon = { Region.Polygon },
    };
}
