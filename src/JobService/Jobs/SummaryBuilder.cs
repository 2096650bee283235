using ForegSyte.V1;

namespace ForegSyte.Jobs;

/// <summary>
/// Builds a job's summary from its segments, one frame at a time, and checks that the segments account for every frame.
/// Memory does not grow with the video: the number of labels and texts and the length of texts are limited.
/// </summary>
/// <param name="zones">The zones of the job.</param>
/// <param name="lines">The counting lines of the job.</param>
internal sealed class SummaryBuilder(IReadOnlyList<Zone> zones, IReadOnlyList<CountingLine> lines)
{
    /// <summary>Maximum number of labels; the summary leaves out further ones.</summary>
    public const int MaxLabels = 1_000;

    /// <summary>Maximum number of texts.</summary>
    public const int MaxTexts = 100;

    /// <summary>Maximum length of a text; longer texts are cut and counted in their cut form.</summary>
    public const int MaxTextLength = 256;

    /// <summary>
    /// Maximum number of different texts counted at a time. Up to this number the counts are exact. Above it, a new
    /// text replaces the rarest one and inherits its count (Space-Saving: Metwally, Agrawal, El Abbadi, Efficient
    /// Computation of Frequent and Top-k Elements in Data Streams, 2005): every text in more than 1/1024 of all
    /// readings is counted, no count is too low, and none is too high by more than 1/1024 of all readings.
    /// </summary>
    public const int MaxCountedTexts = 1_024;

    private readonly Dictionary<string, long> _labels = new(StringComparer.Ordinal);
    private readonly Dictionary<string, long> _texts = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, int> _failures = new(StringComparer.Ordinal);
    private readonly PriorityQueue<string, long> _rarest = new();
    private readonly FrameAccounting _frames = new();
    private readonly Dictionary<string, int> _tracks = new(StringComparer.Ordinal);
    private readonly List<Dictionary<string, int>> _inZones = [.. zones.Select(_ => NewCounts())];
    private readonly List<Dictionary<string, int>> _toLeft = [.. lines.Select(_ => NewCounts())];
    private readonly List<Dictionary<string, int>> _toRight = [.. lines.Select(_ => NewCounts())];
    private int _textTracks;
    private int _shots;

    /// <summary>Adds the frame counts of a segment.</summary>
    public void Add(FrameAccounting segment)
    {
        _frames.Total = checked(_frames.Total + segment.Total);
        _frames.Analyzed = checked(_frames.Analyzed + segment.Analyzed);
        _frames.Skipped = checked(_frames.Skipped + segment.Skipped);
        _frames.Failed = checked(_frames.Failed + segment.Failed);
        _frames.Damaged = checked(_frames.Damaged + segment.Damaged);
        _frames.Interpolated = checked(_frames.Interpolated + segment.Interpolated);
        foreach (var failure in segment.Failures)
        {
            _failures[failure.Reason] = checked(_failures.GetValueOrDefault(failure.Reason) + failure.FrameCount);
        }
    }

    /// <summary>Adds the result of a frame. Each text counts once per frame.</summary>
    public void Add(FrameResult frame)
    {
        if (frame.Result is not { } result)
        {
            return;
        }

        foreach (var detection in result.Detections)
        {
            if (_labels.TryGetValue(detection.Label, out var count))
            {
                _labels[detection.Label] = count + 1;
            }
            else if (_labels.Count < MaxLabels)
            {
                _labels[detection.Label] = 1;
            }
        }

        foreach (var text in result.TextRegions.Select(region => Shorten(region.Text)).Distinct(StringComparer.Ordinal))
        {
            Count(text);
        }
    }

    /// <summary>Adds an object.</summary>
    public void Add(ObjectTrack track)
    {
        Count(_tracks, track.Label);

        // A vote can go to a label that no published detection has.
        if (_labels.Count < MaxLabels)
        {
            _labels.TryAdd(track.Label, 0);
        }

        foreach (var visit in track.ZoneVisits)
        {
            Count(_inZones[zones.Index().First(zone => zone.Item.Id == visit.ZoneId).Index], track.Label);
        }

        foreach (var crossing in track.LineCrossings)
        {
            var line = lines.Index().First(line => line.Item.Id == crossing.LineId).Index;
            Count((crossing.Direction == CrossingDirection.Left ? _toLeft : _toRight)[line], track.Label);
        }
    }

    /// <summary>Counts a text track.</summary>
    public void AddTextTrack() => _textTracks++;

    /// <summary>Counts a shot.</summary>
    public void AddShot() => _shots++;

    /// <summary>
    /// Builds the summary of all segments and checks its frame counts.
    /// </summary>
    /// <param name="frameCount">Frames of the video.</param>
    /// <param name="endFrame">Index after the last frame that the segments cover.</param>
    /// <param name="loss">How many frames the job can lose.</param>
    /// <param name="failure">Why the job fails: frames are missing, or too many are lost; null otherwise.</param>
    public JobSummary Complete(int frameCount, int endFrame, FrameLossOptions loss, out JobFailure? failure)
    {
        var summary = Build();
        var frames = summary.Frames;
        failure = DefectOf(frames, endFrame) ?? FrameLoss.FailureOf(frames.Analyzed, frames.Failed, loss);

        // max_frames excludes the frames after the last segment.
        frames.Skipped += frameCount - endFrame;
        frames.Total = frameCount;
        return summary;
    }

    /// <summary>
    /// Builds the summary of the frames added so far. Equal counts are in ordinal order, so that repeated runs
    /// give the same summary.
    /// </summary>
    public JobSummary Build()
    {
        var summary = new JobSummary
        {
            Frames = _frames.Clone(),
            Labels =
            {
                MostFrequentFirst(_labels)
                    .Select(pair => new LabelSummary
                    {
                        Label = pair.Key,
                        DetectionCount = pair.Value,
                        TrackCount = _tracks.GetValueOrDefault(pair.Key),
                    }),
            },
            Texts =
            {
                MostFrequentFirst(_texts)
                    .Take(MaxTexts)
                    .Select(pair => new TextSummary { Text = pair.Key, FrameCount = pair.Value }),
            },
            Zones =
            {
                zones.Zip(
                    _inZones,
                    (zone, counts) => new ZoneSummary { ZoneId = zone.Id, Tracks = { CountsOf(counts) } }),
            },
            Lines =
            {
                lines.Index().Select(line => new LineSummary
                {
                    LineId = line.Item.Id,
                    ToLeft = { CountsOf(_toLeft[line.Index]) },
                    ToRight = { CountsOf(_toRight[line.Index]) },
                }),
            },
            ShotCount = _shots,
            TextTrackCount = _textTracks,
        };
        summary.Frames.Failures.AddRange(
            _failures.Select(pair => new FrameFailureCount { Reason = pair.Key, FrameCount = pair.Value }));
        return summary;
    }

    private static Dictionary<string, int> NewCounts() => new(StringComparer.Ordinal);

    /// <summary>Counts a track with a label, up to <see cref="MaxLabels"/> labels.</summary>
    private static void Count(Dictionary<string, int> counts, string label)
    {
        if (counts.TryGetValue(label, out var count) || counts.Count < MaxLabels)
        {
            counts[label] = count + 1;
        }
    }

    private static IEnumerable<TrackCount> CountsOf(Dictionary<string, int> counts) =>
        counts.OrderByDescending(pair => pair.Value).ThenBy(pair => pair.Key, StringComparer.Ordinal)
            .Select(pair => new TrackCount { Label = pair.Key, Count = pair.Value });

    private static IEnumerable<KeyValuePair<string, long>> MostFrequentFirst(Dictionary<string, long> counts) =>
        counts.OrderByDescending(pair => pair.Value).ThenBy(pair => pair.Key, StringComparer.Ordinal);

    private static JobFailure? DefectOf(FrameAccounting frames, int endFrame)
    {
        var withReason = frames.Failures.Sum(failure => failure.FrameCount);
        return frames.Total == endFrame && frames.Total == frames.Analyzed + frames.Skipped + frames.Failed
            && withReason == frames.Failed
            ? null
            : new JobFailure(
                ErrorReason.Internal,
                $"The segments count {frames.Total} of {endFrame} frames: {frames.Analyzed} analyzed, "
                + $"{frames.Skipped} skipped, {frames.Failed} failed, {withReason} of them with a reason. "
                + "This is a defect of the service.");
    }

    private void Count(string text)
    {
        if (_texts.TryGetValue(text, out var count))
        {
            _texts[text] = count + 1;
            return;
        }

        var start = _texts.Count < MaxCountedTexts ? 1 : EvictRarest() + 1;
        _texts[text] = start;
        _rarest.Enqueue(text, start);
    }

    /// <summary>
    /// Removes the rarest text and returns its count. The heap holds one entry per text, whose count can be too low:
    /// such an entry goes back with the current count.
    /// </summary>
    private long EvictRarest()
    {
        while (true)
        {
            _rarest.TryDequeue(out var text, out var counted);
            var count = _texts[text!];
            if (count == counted)
            {
                _texts.Remove(text!);
                return count;
            }

            _rarest.Enqueue(text!, count);
        }
    }

    private static string Shorten(string text) =>
        text.Length <= MaxTextLength
            ? text
            : text[..(char.IsHighSurrogate(text[MaxTextLength - 1]) ? MaxTextLength - 1 : MaxTextLength)];
}
