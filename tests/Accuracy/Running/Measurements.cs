using System.Globalization;
using System.Text.Json;
using ForegSyte.Accuracy.Adaptive;
using ForegSyte.Accuracy.Objects;
using ForegSyte.Accuracy.Text;
using ForegSyte.Accuracy.Tracks;
using ForegSyte.Jobs.Tracking;
using ForegSyte.Testing;
using ForegSyte.V1;
using Google.Protobuf;

namespace ForegSyte.Accuracy.Running;

/// <summary>Accuracy of text at one image size.</summary>
/// <param name="Side">Stages:TextMaxSide in pixels.</param>
/// <param name="Lines">The generated lines.</param>
/// <param name="Caption">The caption of the sample.</param>
/// <param name="Patterns">Number of images without text.</param>
/// <param name="Junk">Lines read in them.</param>
/// <param name="JunkOfAnyConfidence">The number of such lines without the recognizer's threshold.</param>
internal sealed record TextMeasurement(
    int Side, TextScore Lines, TextScore Caption, int Patterns, IReadOnlyList<FoundLine> Junk,
    int JunkOfAnyConfidence)
{
    /// <summary>Descriptions of all mistakes.</summary>
    public IEnumerable<string> Mistakes =>
    [
        .. Lines.Mistakes,
        .. Caption.Mistakes,
        .. Junk.Select(line => string.Create(
            CultureInfo.InvariantCulture, $"pattern {line.Frame}: '{line.Text}' ({line.Confidence:F2})")),
    ];
}

/// <summary>Runs the pipelines over the labeled frames and scores their results.</summary>
/// <param name="thresholds">Thresholds by "stage.name" that override those of the catalogue.</param>
/// <param name="textSides">Image sizes for text detection: Stages:TextMaxSide.</param>
internal sealed class Measurements(IReadOnlyDictionary<string, double> thresholds, IReadOnlyList<int> textSides)
    : IDisposable
{
    /// <summary>Every tenth frame of the sample is labeled.</summary>
    private const int Stride = 10;

    /// <summary>Confidence of all measurements: the minimum of a detector's threshold.</summary>
    private const double LowestConfidence = 0.01;

    private const string Read = "read_lines";
    private const string ReadAll = "read_all";
    private const string Follow = "follow";
    private const string FollowedDetector = "nanodet_g";
    private readonly TemporaryFolder _folder = new();

    /// <summary>Skipped measurements, a sentence each.</summary>
    public List<string> Skipped { get; } = [];

    private string Sample => _folder.File("pedestrians.mp4");

    /// <summary>The score of every detector on the labeled scenes, with its id and its default confidence.</summary>
    public async Task<List<(string Id, double Confidence, DetectorScore Score)>> DetectorsAsync(
        CancellationToken cancellationToken)
    {
        var detectors = Prepare();
        var scenes = await SceneSet.MakeAsync(Sample, _folder.Path, cancellationToken);
        var scores = new List<(string, double, DetectorScore)>();
        await using var service = await AccuracyService.StartAsync(_folder.Path, textMaxSide: null);
        foreach (var (id, confidence) in detectors)
        {
            var found = new List<FoundObject>();
            foreach (var clip in scenes.Clips)
            {
                var results = await service.RunAsync(Pipeline(id), clip.Path, clip.Stride, cancellationToken);
                found.AddRange(PipelineMeasurement.ObjectsOf(results, clip));
            }

            scores.Add((id, confidence, DetectorScore.Of(found, scenes.Labels, confidence)));
        }

        return scores;
    }

    /// <summary>Scores the default pipeline on the labeled scenes and the lines of text.</summary>
    public async Task<PipelineMeasurement> PipelineAsync(CancellationToken cancellationToken)
    {
        Prepare();
        var scenes = await SceneSet.MakeAsync(Sample, _folder.Path, cancellationToken);
        await using var service = await AccuracyService.StartAsync(_folder.Path, textMaxSide: null);
        return await PipelineMeasurement.RunAsync(service, scenes, _folder.Path, cancellationToken);
    }

    /// <summary>Reads only the rendered lines of both seeds, with the default pipeline.</summary>
    public async Task<List<(string Set, TextScore Score)>> RenderedAsync(CancellationToken cancellationToken)
    {
        Prepare();
        await using var service = await AccuracyService.StartAsync(_folder.Path, textMaxSide: null);
        return
        [
            .. await PipelineMeasurement.RenderedAsync(
                service, RenderedClip.Seed, "", _folder.Path, cancellationToken),
            .. await PipelineMeasurement.RenderedAsync(
                service, RenderedClip.HeldOutSeed, ", held out", _folder.Path, cancellationToken),
        ];
    }

    /// <summary>
    /// For each size: the lines of the generated clip, the caption of the sample, and the lines read in images without
    /// text, with the recognizer's threshold and without it.
    /// </summary>
    /// <param name="linesOnly">Whether to measure only the generated clip.</param>
    /// <param name="cancellationToken">Cancels the measurement.</param>
    public async Task<List<TextMeasurement>> TextAsync(bool linesOnly, CancellationToken cancellationToken)
    {
        Prepare();
        var (linesClip, patternsClip) = (_folder.File("lines.mp4"), _folder.File("patterns.mp4"));
        var lines = await TextClip.MakeLinesAsync(linesClip, cancellationToken);
        var patterns = linesOnly ? 0 : await TextClip.MakePatternsAsync(patternsClip, cancellationToken);
        var measurements = new List<TextMeasurement>();
        foreach (var side in textSides)
        {
            await using var service = await AccuracyService.StartAsync(_folder.Path, side);
            var read = TextScore.Of(await FindAsync(Read, linesClip, 1), lines);
            if (linesOnly)
            {
                measurements.Add(new TextMeasurement(side, read, TextScore.Of([], []), 0, [], 0));
                continue;
            }

            var caption = await FindAsync(Read, Sample, Stride);
            measurements.Add(new TextMeasurement(
                side,
                read,
                TextScore.Of(caption, PipelineMeasurement.Caption),
                patterns,
                await FindAsync(Read, patternsClip, 1),
                (await FindAsync(ReadAll, patternsClip, 1)).Count));

            async Task<List<FoundLine>> FindAsync(string pipeline, string clip, int stride) =>
                PipelineMeasurement.LinesOf(await service.RunAsync(pipeline, clip, stride, cancellationToken));
        }

        return measurements;
    }

    /// <summary>Reads each set of texts with the shipped settings.</summary>
    public async Task<List<(TextSet Set, TextScore Score, int Read)>> SetsAsync(CancellationToken cancellationToken)
    {
        Prepare();
        await using var service = await AccuracyService.StartAsync(_folder.Path, textMaxSide: null);
        var scores = new List<(TextSet, TextScore, int)>();
        foreach (var set in TextSet.All)
        {
            var clip = _folder.File("set.mp4");
            var labels = await TextClip.MakeSetAsync(set, clip, cancellationToken);
            var found = PipelineMeasurement.LinesOf(await service.RunAsync(Read, clip, 1, cancellationToken));
            var read = labels.Count(label => found.Exists(line => line.Frame == label.Frame
                && line.CenterY >= label.Top && line.CenterY < label.Bottom));
            scores.Add((set, TextScore.Of(found, labels), read));
            File.Delete(clip);
        }

        return scores;
    }

    /// <summary>Follows the persons of a video at each stride.</summary>
    /// <param name="video">The video; null for the sample.</param>
    /// <param name="truthFile">Its objects in the format of the MOT Challenge; null for those of the sample.</param>
    /// <param name="strides">The strides.</param>
    /// <param name="cancellationToken">Cancels the measurement.</param>
    public async Task<List<TrackMeasurement>> TracksAsync(
        string? video, string? truthFile, IReadOnlyList<int> strides, CancellationToken cancellationToken)
    {
        Prepare();
        var clip = Sample;
        if (video is not null)
        {
            clip = _folder.File("clip.mp4");
            await TrackedVideo.ToMp4Async(video, clip, cancellationToken);
        }

        var truth = truthFile is null
            ? TrackTruth.Sample()
            : TrackTruth.ParseMotChallenge(await File.ReadAllLinesAsync(truthFile, cancellationToken));
        await using var service = await AccuracyService.StartAsync(_folder.Path, textMaxSide: null);
        var response = await service.CallAsync(Follow, clip, 1, cancellationToken);
        var size = await TrackedVideo.SizeAsync(clip, cancellationToken);
        List<CandidateFrame> frames =
        [
            .. response.Results.Zip(response.Observations, (frame, observed) => new CandidateFrame(
                frame.FrameIndex, frame.FrameTimestampMs / 1000d,
                [
                    .. frame.Result.Detections.Zip(observed.Appearances, (item, appearance) =>
                        Candidate(item.ClassId, item.Confidence, item.Box, appearance)),
                    .. observed.Candidates.Select(item =>
                        Candidate(item.ClassId, item.Confidence, item.Box, item.Appearance)),
                ])),
        ];
        var person = response.Results.SelectMany(frame => frame.Result.Detections)
            .FirstOrDefault(item => item.Label == "person")?.ClassId ?? 0;
        var options = TrackerOptions.From(new ObjectTracking { Parameters = { Own("objects.") } });
        return [.. strides.SelectMany(stride => TrackRun.Measure(frames, stride, options, size, person, truth))];
    }

    /// <summary>Follows the persons of a video with adaptive sampling.</summary>
    /// <inheritdoc cref="AdaptiveMeasurements.MeasureAsync"/>
    public async Task<List<AdaptiveMeasurement>> AdaptiveAsync(
        string? video, string? truthFile, IReadOnlyList<double> seconds, CancellationToken cancellationToken)
    {
        Prepare();
        await using var service = await AccuracyService.StartAsync(_folder.Path, textMaxSide: null);
        return await new AdaptiveMeasurements(service, Follow, _folder).MeasureAsync(
            video, truthFile, seconds, cancellationToken);
    }

    /// <summary>Follows the texts of a generated clip at each stride.</summary>
    public async Task<List<TextTrackScore>> TextTracksAsync(
        IReadOnlyList<int> strides, CancellationToken cancellationToken)
    {
        Prepare();
        var clip = _folder.File("signs.mp4");
        await TextTrackClip.MakeAsync(clip, cancellationToken);
        await using var service = await AccuracyService.StartAsync(_folder.Path, textMaxSide: null);
        var frames = await service.RunAsync(Read, clip, 1, cancellationToken);
        return [.. strides.Select(stride => TextTrackClip.Measure(frames, stride))];
    }

    /// <inheritdoc />
    public void Dispose() => _folder.Dispose();

    /// <summary>The thresholds of a stage by their names.</summary>
    private Dictionary<string, double> Own(string prefix) => thresholds
        .Where(pair => pair.Key.StartsWith(prefix, StringComparison.Ordinal))
        .ToDictionary(pair => pair.Key[prefix.Length..], pair => pair.Value);

    private static TrackCandidate Candidate(
        int classId, float confidence, BoundingBox box, ByteString appearance) => new(
        classId, confidence, new TrackBox(box.X, box.Y, box.Width, box.Height), appearance.ToByteArray());

    private static string Pipeline(string detector) => "detect_" + detector;

    private List<(string Id, double Confidence)> Prepare()
    {
        Directory.CreateDirectory(_folder.File("pipelines"));
        File.Copy(
            Path.Combine(RepositoryFiles.Data, "pipelines", PipelineMeasurement.Pipeline + ".json"),
            Path.Combine(_folder.File("pipelines"), PipelineMeasurement.Pipeline + ".json"), overwrite: true);
        File.Copy(RepositoryFiles.Pedestrians, Sample, overwrite: true);
        Skipped.Clear();
        var detectors = Catalogue.Write(_folder.File("models.json"), Skipped);
        var pipelines = new PipelineFolder(_folder.File("pipelines"), thresholds);
        foreach (var (id, _) in detectors)
        {
            pipelines.Write(
                Pipeline(id), "detect_objects", new Dictionary<string, string> { ["detector"] = id },
                new Dictionary<string, double> { ["confidence"] = LowestConfidence });
        }

        var readers = new Dictionary<string, string>
        {
            ["text_detector"] = "ppocr_v4_detection",
            ["text_recognizer"] = "ppocr_v4_recognition",
            ["text_direction"] = "ppocr_v2_direction",
        };
        pipelines.Write(Read, "read_text", readers, new Dictionary<string, double>());
        pipelines.Write(ReadAll, "read_text", readers, new Dictionary<string, double> { ["confidence"] = 0 });
        File.WriteAllText(
            Path.Combine(_folder.File("pipelines"), Follow + ".json"),
            $$"""
            { "id": "{{Follow}}", "tracking": { "objects": {} }, "entry_nodes": ["n"], "output_nodes": ["n"],
              "nodes": [
                { "id": "n", "stage": "detect_objects", "models": { "detector": "{{FollowedDetector}}" } } ] }
            """);
        return detectors;
    }
}

/// <summary>Writes the measured pipelines: one node each, with the thresholds of this run.</summary>
/// <param name="folder">Target folder.</param>
/// <param name="thresholds">
/// Thresholds by "stage.name", such as "read_text.text_unclip", that override those of the catalogue.
/// </param>
internal sealed class PipelineFolder(string folder, IReadOnlyDictionary<string, double> thresholds)
{
    public void Write(
        string id, string stage, IReadOnlyDictionary<string, string> models,
        IReadOnlyDictionary<string, double> fixedThresholds)
    {
        var own = thresholds
            .Where(pair => pair.Key.StartsWith(stage + ".", StringComparison.Ordinal))
            .ToDictionary(pair => pair.Key[(stage.Length + 1)..], pair => pair.Value);
        foreach (var (name, value) in fixedThresholds)
        {
            own[name] = value;
        }

        var parameters = own.ToDictionary(pair => pair.Key, pair => new { double_value = pair.Value });
        File.WriteAllText(Path.Combine(folder, id + ".json"), JsonSerializer.Serialize(new
        {
            id,
            description = "Measures accuracy.",
            nodes = new[] { new { id = "node", stage, models, parameters } },
            edges = Array.Empty<object>(),
            entry_nodes = new[] { "node" },
            output_nodes = new[] { "node" },
        }));
    }
}
