using ForegSyte.Accuracy.Objects;
using ForegSyte.Accuracy.Text;
using ForegSyte.Testing;
using ForegSyte.V1;

namespace ForegSyte.Accuracy.Running;

/// <summary>Runs the pipelines over the labelled frames and scores what they give.</summary>
/// <param name="thresholds">Thresholds by "stage.name" that take the place of the catalogue's.</param>
/// <param name="textSides">Sides at which text is looked for: Stages:TextMaxSide.</param>
internal sealed class Measurements(IReadOnlyDictionary<string, double> thresholds, IReadOnlyList<int> textSides)
    : IDisposable
{
    /// <summary>Every tenth frame of the sample is labelled.</summary>
    private const int Stride = 10;

    /// <summary>Below it nothing is asked for; the smallest value that a detector's threshold may have.</summary>
    private const double LowestConfidence = 0.01;

    private const string Read = "read_lines";
    private const string ReadAll = "read_all";
    private readonly TemporaryFolder _folder = new();

    /// <summary>What was left out, a sentence each.</summary>
    public List<string> Skipped { get; } = [];

    private string Sample => _folder.File("pedestrians.mp4");

    /// <summary>The score of every detector by its id, with the confidence that is its default.</summary>
    public async Task<List<(string Id, double Confidence, DetectorScore Score)>> DetectorsAsync(
        CancellationToken cancellationToken)
    {
        var labels = LabelFile.Read(
            Path.Combine(RepositoryFiles.Root, "tests", "Accuracy", "Labels", "pedestrians.json"));
        var detectors = Prepare();
        var scores = new List<(string, double, DetectorScore)>();
        await using var service = await AccuracyService.StartAsync(_folder.Path, textMaxSide: null);
        foreach (var (id, confidence) in detectors)
        {
            var results = await service.RunAsync(Pipeline(id), Sample, Stride, cancellationToken);
            var found = results.SelectMany(frame => frame.Result.Detections.Select(item => new FoundObject(
                frame.FrameIndex, item.Label, new(item.Box.X, item.Box.Y, item.Box.Width, item.Box.Height),
                item.Confidence))).ToList();
            scores.Add((id, confidence, DetectorScore.Of(found, labels.Objects, confidence)));
        }

        return scores;
    }

    /// <summary>
    /// At each side: the lines of the generated clip, the caption of the sample, and how many lines were read in
    /// pictures with nothing to read, with the recogniser's threshold and without it.
    /// </summary>
    /// <param name="linesOnly">Whether to do the lines of the generated clip alone.</param>
    /// <param name="cancellationToken">Ends the work.</param>
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
            var read = TextScore.Of(Found(await service.RunAsync(Read, linesClip, 1, cancellationToken)), lines);
            if (linesOnly)
            {
                measurements.Add(new TextMeasurement(side, read, TextScore.Of([], []), 0, [], 0));
                continue;
            }

            var caption = Found(await service.RunAsync(Read, Sample, Stride, cancellationToken));
            var captionLabels = Enumerable.Range(0, 10)
                .Select(frame => new LabelledLine(frame * Stride, "GATE 07 NORTH", 0, 60)).ToList();
            measurements.Add(new TextMeasurement(
                side,
                read,
                TextScore.Of(caption, captionLabels),
                patterns,
                Found(await service.RunAsync(Read, patternsClip, 1, cancellationToken)),
                Found(await service.RunAsync(ReadAll, patternsClip, 1, cancellationToken)).Count));
        }

        return measurements;
    }

    /// <inheritdoc />
    public void Dispose() => _folder.Dispose();

    private static string Pipeline(string detector) => "detect_" + detector;

    private static List<FoundLine> Found(IEnumerable<FrameResult> results) =>
        [.. results.SelectMany(frame => frame.Result.TextRegions.Select(region => new FoundLine(
            frame.FrameIndex, region.Text, region.Polygon.Min(point => point.X),
            region.Polygon.Average(point => point.Y), region.Confidence)))];

    private List<(string Id, double Confidence)> Prepare()
    {
        Directory.CreateDirectory(_folder.File("pipelines"));
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
        };
        pipelines.Write(Read, "read_text", readers, new Dictionary<string, double>());
        pipelines.Write(ReadAll, "read_text", readers, new Dictionary<string, double> { ["confidence"] = 0 });
        return detectors;
    }
}
