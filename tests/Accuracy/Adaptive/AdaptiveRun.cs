using ForegSyte.Accuracy.Objects;
using ForegSyte.Accuracy.Tracks;
using ForegSyte.Inference.V1;
using ForegSyte.Jobs.Tracking;
using ForegSyte.V1;
using ObjectTrack = ForegSyte.V1.ObjectTrack;

namespace ForegSyte.Accuracy.Adaptive;

/// <summary>The boxes of the published tracks of one class, with the confidence of their track.</summary>
/// <param name="Boxes">The boxes of all frames.</param>
/// <param name="Objects">The same with confidences: of the detection, or else of the last one before.</param>
/// <param name="Tracks">Number of published tracks.</param>
internal sealed record TrackedBoxes(
    IReadOnlyList<IdentifiedBox> Boxes, IReadOnlyList<FoundObject> Objects, int Tracks)
{
    /// <summary>Follows the objects of a response as a job does.</summary>
    public static TrackedBoxes Of(
        RunPipelineResponse response, (int Width, int Height) size, string label, bool isAdaptive = false)
    {
        var tracker = new VideoTracker(
            response.Tracking, new VideoInfo { Width = size.Width, Height = size.Height }, [], [], isAdaptive);
        var (frames, ended) = (new List<TrackedFrame>(), new List<ObjectTrack>());
        foreach (var (result, observed) in response.Results.Zip(response.Observations))
        {
            tracker.Add(result, observed);
            frames.AddRange(tracker.TakeFrames());
            ended.AddRange(tracker.TakeEnded().OfType<ObjectTrack>());
        }

        tracker.Finish();
        frames.AddRange(tracker.TakeFrames());
        ended.AddRange(tracker.TakeEnded().OfType<ObjectTrack>());
        var tracks = ended.Where(track => track.Label == label).ToDictionary(track => track.TrackId);
        var confidences = new Dictionary<int, float>();
        var found = frames.Zip(response.Results).SelectMany(pair => BoxesOf(pair.First, pair.Second)
            .Where(box => tracks.ContainsKey(box.TrackId))
            .Select(box => (box.TrackId, Object: new FoundObject(
                pair.First.FrameIndex, label, new(box.Box.X, box.Box.Y, box.Box.Width, box.Box.Height),
                confidences[box.TrackId] = box.Confidence
                    ?? confidences.GetValueOrDefault(box.TrackId, tracks[box.TrackId].Confidence))))).ToList();
        return new TrackedBoxes(
            [
                .. found.Select(item => new IdentifiedBox(
                    item.Object.Frame, FormattableString.Invariant($"{item.TrackId}"), item.Object.Box)),
            ],
            [.. found.Select(item => item.Object)],
            tracks.Count);
    }

    /// <summary>How many boxes of this and of another run match each other one to one, by frame.</summary>
    public int MatchesWith(TrackedBoxes other)
    {
        var matches = 0;
        var others = other.Boxes.ToLookup(box => box.Frame);
        foreach (var frame in Boxes.GroupBy(box => box.Frame))
        {
            List<IdentifiedBox> own = [.. frame];
            List<IdentifiedBox> theirs = [.. others[frame.Key]];
            var overlaps = new double[own.Count, theirs.Count];
            for (var row = 0; row < own.Count; row++)
            {
                for (var column = 0; column < theirs.Count; column++)
                {
                    var overlap = own[row].Box.OverlapWith(theirs[column].Box);
                    overlaps[row, column] = overlap >= ObjectMatching.MinimumOverlap ? 1 + overlap : 0;
                }
            }

            matches += Assignment.Best(overlaps).Count;
        }

        return matches;
    }

    private static IEnumerable<(int TrackId, BoundingBox Box, float? Confidence)> BoxesOf(
        TrackedFrame frame, FrameResult result) =>
    [
        .. result.Result.Detections.Zip(frame.ObjectIds, (detection, trackId) =>
            (trackId, detection.Box, (float?)detection.Confidence)),
        .. frame.Boxes.Select(box => (box.TrackId, box.Box, (float?)null)),
    ];
}

/// <summary>Adaptive sampling of one clip beside a look at every frame.</summary>
/// <param name="Clip">Name of the clip.</param>
/// <param name="Step">Frames between two usual looks; 1 for a look at every frame.</param>
/// <param name="Share">Share of the frames that the detector looked at.</param>
/// <param name="Precision">Share of the boxes that a look at every frame has too.</param>
/// <param name="Recall">Share of the boxes of a look at every frame.</param>
/// <param name="Agreement">IDF1 with the tracks of a look at every frame as the truth.</param>
/// <param name="Tracks">Number of published tracks.</param>
/// <param name="Labeled">Score of the tracks in the labeled frames; null without labels.</param>
/// <param name="AveragePrecision">AP@0.5 in the labeled frames; 0 without labels.</param>
/// <param name="FramesPerSecond">Frames for each second of the call.</param>
internal sealed record AdaptiveMeasurement(
    string Clip, int Step, double Share, double Precision, double Recall, double Agreement, int Tracks,
    TrackScore? Labeled, double AveragePrecision, double FramesPerSecond)
{
    /// <summary>Compares a run with a look at every frame.</summary>
    /// <param name="clip">Name of the clip.</param>
    /// <param name="step">Its step; 1 for a look at every frame.</param>
    /// <param name="response">The run.</param>
    /// <param name="every">The tracks of a look at every frame.</param>
    /// <param name="found">Those of the run.</param>
    /// <param name="truth">The labels; null for none.</param>
    public static AdaptiveMeasurement Of(
        string clip, int step, RunPipelineResponse response, TrackedBoxes every, TrackedBoxes found, TrackTruth? truth)
    {
        var frames = response.Results.Count;
        var matches = found.MatchesWith(every);
        var everyFrame = new TrackTruth(every.Boxes, [.. response.Results.Select(frame => frame.FrameIndex)], []);
        return new AdaptiveMeasurement(
            clip,
            step,
            1 - ((double)response.Frames.Interpolated / frames),
            (double)matches / Math.Max(1, found.Boxes.Count),
            (double)matches / Math.Max(1, every.Boxes.Count),
            TrackScore.Of(everyFrame, found.Boxes).Idf1,
            found.Tracks,
            truth is null ? null : TrackScore.Of(truth, found.Boxes),
            truth is null ? 0 : ScoreOf(found, truth),
            frames / response.Timings.Total.ToTimeSpan().TotalSeconds);
    }

    private static double ScoreOf(TrackedBoxes found, TrackTruth truth)
    {
        const string Category = "person";
        List<LabeledObject> labels =
        [
            .. truth.Boxes.Select(box => new LabeledObject(box.Frame, Category, box.Box, IsIgnored: false)),
            .. truth.Ignored.Select(box => new LabeledObject(box.Frame, Category, box.Box, IsIgnored: true)),
        ];
        return DetectorScore.Of([.. found.Objects.Where(item => truth.Frames.Contains(item.Frame))], labels, 0)
            .MeanAveragePrecision;
    }
}
