using ForegSyte.Accuracy.Objects;
using ForegSyte.Accuracy.Text;
using ForegSyte.V1;

namespace ForegSyte.Accuracy.Running;

/// <summary>Accuracy of the default pipeline, with its shipped file and thresholds.</summary>
/// <param name="Scenes">Objects per scene.</param>
/// <param name="All">Objects of all scenes.</param>
/// <param name="Texts">Lines per set and kind.</param>
internal sealed record PipelineMeasurement(
    IReadOnlyList<(string Scene, int Frames, DetectorScore Score)> Scenes, DetectorScore All,
    IReadOnlyList<(string Set, TextScore Score)> Texts)
{
    /// <summary>The default pipeline.</summary>
    public const string Pipeline = "yolo_ocr";

    /// <summary>Runs the pipeline over the labeled scenes and the lines of text.</summary>
    /// <param name="service">A service that has the pipeline.</param>
    /// <param name="scenes">The labeled scenes.</param>
    /// <param name="folder">Folder for clips.</param>
    /// <param name="cancellationToken">Cancels the measurement.</param>
    public static async Task<PipelineMeasurement> RunAsync(
        AccuracyService service, SceneSet scenes, string folder, CancellationToken cancellationToken)
    {
        var objects = new List<FoundObject>();
        var captions = new List<FoundLine>();
        foreach (var clip in scenes.Clips)
        {
            var results = await service.RunAsync(Pipeline, clip.Path, clip.Stride, cancellationToken);
            objects.AddRange(ObjectsOf(results, clip));
            captions.AddRange(clip.Stride > 1 ? LinesOf(results) : []);
        }

        var scores = scenes.FramesByScene.Select(scene => (scene.Name, scene.Frames, DetectorScore.Of(
            [.. objects.Where(item => IsIn(item.Frame, scene))],
            [.. scenes.Labels.Where(item => IsIn(item.Frame, scene))], 0))).ToList();
        return new PipelineMeasurement(
            scores, DetectorScore.Of(objects, scenes.Labels, 0),
            [
                ("caption of the sample", TextScore.Of(captions, Caption)),
                ("photos", await PhotosAsync(service, folder, cancellationToken)),
                .. await RenderedAsync(service, RenderedClip.Seed, "", folder, cancellationToken),
                .. await RenderedAsync(service, RenderedClip.HeldOutSeed, ", held out", folder, cancellationToken),
            ]);
    }

    /// <summary>The labels of the caption in every tenth frame of the sample.</summary>
    public static IReadOnlyList<LabeledLine> Caption { get; } =
        [.. Enumerable.Range(0, 10).Select(frame => new LabeledLine(frame * 10, "GATE 07 NORTH", 0, 60))];

    /// <summary>The detections of a clip, with frames as numbered in the labels.</summary>
    public static IEnumerable<FoundObject> ObjectsOf(IEnumerable<FrameResult> results, SceneClip clip) =>
        results.SelectMany(frame => frame.Result.Detections.Select(item => new FoundObject(
            clip.FirstFrame + (frame.FrameIndex / clip.Stride), item.Label,
            new(item.Box.X, item.Box.Y, item.Box.Width, item.Box.Height), item.Confidence)));

    /// <summary>The lines of text in frames.</summary>
    public static List<FoundLine> LinesOf(IEnumerable<FrameResult> results) =>
        [.. results.SelectMany(frame => frame.Result.TextRegions.Select(region => new FoundLine(
            frame.FrameIndex, region.Text, region.Polygon.Min(point => point.X),
            region.Polygon.Average(point => point.Y), region.Confidence, region.Polygon.Max(point => point.X))))];

    /// <summary>Reads the lines of a seed and scores them by kind and all together.</summary>
    /// <param name="service">The service.</param>
    /// <param name="seed">The seed.</param>
    /// <param name="suffix">Ends the names of the sets.</param>
    /// <param name="folder">Folder for the clip.</param>
    /// <param name="cancellationToken">Cancels the measurement.</param>
    public static async Task<List<(string Set, TextScore Score)>> RenderedAsync(
        AccuracyService service, int seed, string suffix, string folder, CancellationToken cancellationToken)
    {
        var clip = Path.Combine(folder, "rendered.mp4");
        var lines = await RenderedClip.MakeAsync(seed, clip, cancellationToken);
        var found = LinesOf(await service.RunAsync(Pipeline, clip, 1, cancellationToken));
        var sets = lines.GroupBy(item => item.Kind).Select(kind =>
        {
            var frames = kind.Select(item => item.Line.Frame).ToHashSet();
            return (kind.Key + suffix, TextScore.Of(
                [.. found.Where(line => frames.Contains(line.Frame))], [.. kind.Select(item => item.Line)]));
        }).ToList();
        return [.. sets, ("rendered" + suffix, TextScore.Of(found, [.. lines.Select(item => item.Line)]))];
    }

    private static async Task<TextScore> PhotosAsync(
        AccuracyService service, string folder, CancellationToken cancellationToken)
    {
        var (found, labels) = (new List<FoundLine>(), new List<LabeledLine>());
        foreach (var (photo, (clip, lines)) in (await SceneText.MakeAsync(folder, cancellationToken)).Index())
        {
            var results = await service.RunAsync(Pipeline, clip, 1, cancellationToken);
            found.AddRange(LinesOf(results).Select(line => line with { Frame = photo }));
            labels.AddRange(lines.Select(line => line with { Frame = photo }));
        }

        return TextScore.Of(found, labels);
    }

    private static bool IsIn(int frame, (string Name, int FirstFrame, int Frames) scene) =>
        frame >= scene.FirstFrame && frame < scene.FirstFrame + scene.Frames;
}
