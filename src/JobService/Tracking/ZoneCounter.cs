using ForegSyte.V1;

namespace ForegSyte.Jobs.Tracking;

/// <summary>
/// Measures how long tracks are in zones and counts the lines that they cross. The place of an object is its foot
/// point: the middle of its box's lower edge. Jitter of the box counts once only: a zone is left, and a line is
/// crossed, when the foot point is a tenth of the box's height beyond it. Memory grows with the tracks that are
/// not removed.
/// </summary>
internal sealed class ZoneCounter
{
    /// <summary>
    /// Distance beyond an edge, in heights of the box. Detected boxes have a standard deviation of about 1/20 of their
    /// height (Zhang et al. 2022), of which this is twice.
    /// </summary>
    private const double Margin = 0.1;

    /// <summary>Crossings of a track, as ObjectTrack.line_crossings says.</summary>
    private const int MaxCrossings = 100;

    private readonly Area[] _zones;
    private readonly Border[] _lines;
    private readonly Dictionary<int, TrackState> _tracks = [];

    /// <summary>Creates a counter for one video.</summary>
    /// <param name="zones">The zones, each with at least 3 corners.</param>
    /// <param name="lines">The lines, whose ends differ.</param>
    /// <param name="width">Width of the frames in pixels.</param>
    /// <param name="height">Height of the frames in pixels.</param>
    public ZoneCounter(IReadOnlyList<Zone> zones, IReadOnlyList<CountingLine> lines, int width, int height)
    {
        _zones = [.. zones.Select(zone => new Area(zone.Id, [.. zone.Area.Points.Select(InPixels)]))];
        _lines = [.. lines.Select(line => new Border(line.Id, InPixels(line.Start), InPixels(line.End)))];

        Spot InPixels(RelativePoint point) => new(point.X * width, point.Y * height);
    }

    /// <summary>Notes where an object was detected.</summary>
    /// <param name="trackId">Its track.</param>
    /// <param name="frameIndex">Index of the frame, greater than the last one of the track.</param>
    /// <param name="timestampMs">Its timestamp; an earlier one than the last adds no time.</param>
    /// <param name="box">Its box in pixels.</param>
    public void Update(int trackId, int frameIndex, uint timestampMs, BoundingBox box)
    {
        if (_zones.Length + _lines.Length == 0)
        {
            return;
        }

        if (!_tracks.TryGetValue(trackId, out var track))
        {
            _tracks[trackId] = track = new TrackState(_zones.Length, _lines.Length);
        }

        var (foot, margin) = (new Spot(box.X + (box.Width / 2), box.Y + box.Height), Margin * box.Height);
        for (var index = 0; index < _zones.Length; index++)
        {
            ref var stay = ref track.Stays[index];
            var isInside = _zones[index].Contains(foot)
                || (stay.IsInside && _zones[index].DistanceTo(foot) <= margin);
            if (isInside && stay.IsInside)
            {
                stay.DurationMs += timestampMs > track.LastTimestampMs ? timestampMs - track.LastTimestampMs : 0;
            }
            else if (isInside)
            {
                stay = stay.Entries > 0
                    ? stay with { Entries = stay.Entries + 1 }
                    : new Stay { Entries = 1, FrameIndex = frameIndex, TimestampMs = timestampMs };
            }

            stay.IsInside = isInside;
        }

        for (var index = 0; index < _lines.Length; index++)
        {
            Cross(_lines[index], ref track.Sides[index], track, new Moment(frameIndex, timestampMs), foot, margin);
        }

        (track.Last, track.LastTimestampMs) = (foot, Math.Max(timestampMs, track.LastTimestampMs));
    }

    /// <summary>What is known about a track: the zones that it was in, in their order, and its first 100 crossings by
    /// time.</summary>
    public (IReadOnlyList<ZoneVisit> Visits, IReadOnlyList<LineCrossing> Crossings) Of(int trackId)
    {
        if (!_tracks.TryGetValue(trackId, out var track))
        {
            return ([], []);
        }

        var visits = _zones.Zip(track.Stays)
            .Where(pair => pair.Second.Entries > 0)
            .Select(pair => new ZoneVisit
            {
                ZoneId = pair.First.Id,
                Entries = pair.Second.Entries,
                DurationMs = (uint)Math.Min(pair.Second.DurationMs, uint.MaxValue),
                FirstFrameIndex = pair.Second.FrameIndex,
                FirstTimestampMs = pair.Second.TimestampMs,
            });
        return ([.. visits], [.. track.Crossings.OrderBy(crossing => crossing.FrameIndex).Select(one => one.Clone())]);
    }

    /// <summary>Forgets a track that has ended.</summary>
    public void Remove(int trackId) => _tracks.Remove(trackId);

    private static void Cross(
        Border line, ref Passage passage, TrackState track, Moment moment, Spot foot, double margin)
    {
        var distance = line.SignedDistanceTo(foot);
        var side = Math.Sign(distance);
        if (track.Last is { } last && side != 0 && side != passage.LastSide && passage.LastSide != 0)
        {
            // The last change of sides is the one that counts once the object is clearly on the other side.
            passage.IsWithin = line.IsPassedWithin(last, foot);
            passage.Moment = moment;
        }

        passage.LastSide = side == 0 ? passage.LastSide : side;
        passage.CertainSide = passage.CertainSide == 0 ? side : passage.CertainSide;
        if (Math.Abs(distance) <= margin)
        {
            return;
        }

        if (passage.CertainSide == -side && passage.IsWithin && track.Crossings.Count < MaxCrossings)
        {
            track.Crossings.Add(new LineCrossing
            {
                LineId = line.Id,
                Direction = side < 0 ? CrossingDirection.Left : CrossingDirection.Right,
                FrameIndex = passage.Moment.FrameIndex,
                FrameTimestampMs = passage.Moment.TimestampMs,
            });
        }

        passage.CertainSide = side;
    }

    private readonly record struct Moment(int FrameIndex, uint TimestampMs);

    private readonly record struct Spot(double X, double Y)
    {
        public static Spot operator -(Spot a, Spot b) => new(a.X - b.X, a.Y - b.Y);

        public double Length => Math.Sqrt((X * X) + (Y * Y));

        public double Dot(Spot other) => (X * other.X) + (Y * other.Y);

        public double Cross(Spot other) => (X * other.Y) - (Y * other.X);
    }

    /// <summary>The stay of a track in a zone.</summary>
    private record struct Stay
    {
        public int Entries { get; set; }

        public bool IsInside { get; set; }

        public long DurationMs { get; set; }

        public int FrameIndex { get; set; }

        public uint TimestampMs { get; set; }
    }

    /// <summary>Where a track is beside a line: -1 left, 1 right, 0 not yet known.</summary>
    private record struct Passage
    {
        /// <summary>The side on which it was last by more than the margin; at first the side where it
        /// appeared.</summary>
        public int CertainSide { get; set; }

        public int LastSide { get; set; }

        /// <summary>Whether it passed between the ends of the line when it last changed sides.</summary>
        public bool IsWithin { get; set; }

        /// <summary>When it last changed sides.</summary>
        public Moment Moment { get; set; }
    }

    private sealed class TrackState(int zones, int lines)
    {
        public Stay[] Stays { get; } = new Stay[zones];

        public Passage[] Sides { get; } = new Passage[lines];

        public List<LineCrossing> Crossings { get; } = [];

        public Spot? Last { get; set; }

        public uint LastTimestampMs { get; set; }
    }

    private sealed class Area(string id, Spot[] corners)
    {
        public string Id => id;

        /// <summary>Whether a ray to the right crosses an odd number of edges.</summary>
        public bool Contains(Spot spot)
        {
            var isInside = false;
            for (var index = 0; index < corners.Length; index++)
            {
                var (a, b) = (corners[index], corners[(index + 1) % corners.Length]);
                if ((a.Y > spot.Y) != (b.Y > spot.Y)
                    && spot.X < a.X + ((spot.Y - a.Y) / (b.Y - a.Y) * (b.X - a.X)))
                {
                    isInside = !isInside;
                }
            }

            return isInside;
        }

        /// <summary>Distance to the nearest edge.</summary>
        public double DistanceTo(Spot spot) => corners
            .Select((corner, index) => DistanceTo(spot, corner, corners[(index + 1) % corners.Length]))
            .Min();

        private static double DistanceTo(Spot spot, Spot start, Spot end)
        {
            var (edge, way) = (end - start, spot - start);
            var share = edge.Length > 0 ? Math.Clamp(way.Dot(edge) / edge.Dot(edge), 0, 1) : 0;
            return (way - new Spot(share * edge.X, share * edge.Y)).Length;
        }
    }

    private sealed class Border(string id, Spot start, Spot end)
    {
        private readonly Spot _direction = end - start;

        public string Id => id;

        /// <summary>Distance from the endless line in pixels, positive on the right side; y points downwards.</summary>
        public double SignedDistanceTo(Spot spot) => _direction.Cross(spot - start) / _direction.Length;

        /// <summary>Whether the straight way between two spots on different sides passes between the ends.</summary>
        public bool IsPassedWithin(Spot from, Spot to)
        {
            var (a, b) = (SignedDistanceTo(from), SignedDistanceTo(to));
            var share = a / (a - b);
            var spot = new Spot(from.X + (share * (to.X - from.X)), from.Y + (share * (to.Y - from.Y)));
            var along = (spot - start).Dot(_direction);
            return along >= 0 && along <= _direction.Dot(_direction);
        }
    }
}
