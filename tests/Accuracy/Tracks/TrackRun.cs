using ForegSyte.Accuracy.Objects;
using ForegSyte.Jobs.Tracking;

namespace ForegSyte.Accuracy.Tracks;

/// <summary>The detections of one frame, also below the published confidence.</summary>
internal sealed record CandidateFrame(int Index, double Time, IReadOnlyList<TrackCandidate> Candidates);

/// <summary>The score of the tracks of persons at one stride.</summary>
/// <param name="Stride">Every n-th frame is looked at.</param>
/// <param name="First">The first of them.</param>
/// <param name="Published">Number of published tracks of persons.</param>
/// <param name="Score">The score in the labeled frames.</param>
/// <param name="Milliseconds">Processor time of the tracker for each frame that was looked at.</param>
internal sealed record TrackMeasurement(
    int Stride, int First, int Published, TrackScore Score, double Milliseconds);

/// <summary>Runs the tracker over detections.</summary>
internal static class TrackRun
{
    private const int Repetitions = 5;

    /// <summary>
    /// Follows the objects in every n-th frame, once from each possible first frame on, and scores the tracks of one
    /// class in the labeled frames between the first and the last one that are looked at.
    /// </summary>
    /// <param name="frames">All frames.</param>
    /// <param name="stride">Every n-th frame is looked at; the boxes in the others are interpolated.</param>
    /// <param name="options">How objects are followed.</param>
    /// <param name="size">Size of the frames in pixels.</param>
    /// <param name="classId">The class of the labeled objects.</param>
    /// <param name="truth">The labeled objects.</param>
    public static IEnumerable<TrackMeasurement> Measure(
        IReadOnlyList<CandidateFrame> frames, int stride, TrackerOptions options, (int Width, int Height) size,
        int classId, TrackTruth truth)
    {
        for (var first = 0; first < stride; first++)
        {
            List<CandidateFrame> seen = [.. frames.Where(frame => frame.Index % stride == first)];
            var tracks = Follow(seen, options, size).Where(track => track.Track.ClassId == classId).ToList();
            var score = TrackScore.Of(
                truth,
                tracks.SelectMany(track => Boxes(track.Track.Id, track.Points)),
                [.. truth.Frames.Where(frame => frame >= seen[0].Index && frame <= seen[^1].Index)]);
            var before = Environment.CpuUsage.TotalTime;
            for (var i = 0; i < Repetitions; i++)
            {
                Follow(seen, options, size);
            }

            var spent = Environment.CpuUsage.TotalTime - before;
            yield return new TrackMeasurement(
                stride, first, tracks.Count, score, spent.TotalMilliseconds / Repetitions / seen.Count);
        }
    }

    private static List<(ObjectTrack Track, List<TrackPoint> Points)> Follow(
        IReadOnlyList<CandidateFrame> frames, TrackerOptions options, (int Width, int Height) size)
    {
        var tracker = new ByteTracker(options, size.Width, size.Height);
        var points = new Dictionary<int, List<TrackPoint>>();
        var ended = new List<ObjectTrack>();
        foreach (var frame in frames)
        {
            var result = tracker.Update(frame.Index, frame.Time, frame.Candidates);
            foreach (var added in result.Interpolated)
            {
                points[added.TrackId].Add(added.Point);
            }

            foreach (var (index, id) in result.TrackIds.Index().Where(pair => pair.Item > 0))
            {
                points.TryAdd(id, []);
                points[id].Add(new(frame.Index, frame.Time, frame.Candidates[index].Box, IsInterpolated: false));
            }

            ended.AddRange(result.Ended);
        }

        ended.AddRange(tracker.Finish());
        return [.. ended.Select(track => (track, points[track.Id]))];
    }

    /// <summary>The boxes of a track in all frames from its first to its last.</summary>
    private static IEnumerable<IdentifiedBox> Boxes(int id, List<TrackPoint> points)
    {
        var name = FormattableString.Invariant($"{id}");
        for (var i = 0; i < points.Count; i++)
        {
            var (point, next) = (points[i], points[Math.Min(i + 1, points.Count - 1)]);
            for (var frame = point.FrameIndex; frame < next.FrameIndex || frame == point.FrameIndex; frame++)
            {
                var share = (double)(frame - point.FrameIndex) / Math.Max(next.FrameIndex - point.FrameIndex, 1);
                var box = point.Box.Toward(next.Box, share);
                yield return new IdentifiedBox(frame, name, new PixelBox(box.X, box.Y, box.Width, box.Height));
            }
        }
    }
}
