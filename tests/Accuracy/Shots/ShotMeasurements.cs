using System.Globalization;
using System.Text;
using ForegSyte.Accuracy.Running;
using ForegSyte.Testing;

namespace ForegSyte.Accuracy.Shots;

/// <summary>Measures how well cuts are found, from the bytes of a video to the shots.</summary>
internal static class ShotMeasurements
{
    /// <summary>The strides up to which cuts are found at 10 frames a second.</summary>
    public static readonly IReadOnlyList<int> Strides = [1, 2, 3];

    private const string Pipeline = "shots";

    /// <summary>Measures each clip at each stride, with each first frame, and returns a table.</summary>
    public static async Task<string> ReportAsync(CancellationToken cancellationToken)
    {
        using var folder = new TemporaryFolder();
        Catalogue.Write(folder.File("models.json"), []);
        Directory.CreateDirectory(folder.File("pipelines"));
        await File.WriteAllTextAsync(
            Path.Combine(folder.File("pipelines"), Pipeline + ".json"),
            """
            { "id": "shots", "tracking": { "shots": {} }, "entry_nodes": ["n"], "output_nodes": ["n"],
              "nodes": [ { "id": "n", "stage": "detect_objects", "models": { "detector": "nanodet_g_416" } } ] }
            """,
            cancellationToken);
        await using var service = await AccuracyService.StartAsync(folder.Path, textMaxSide: null);
        var scores = new List<(ShotClip Clip, List<ShotScore> Scores)>();
        foreach (var clip in ShotClip.All)
        {
            var path = folder.File("clip.mp4");
            await clip.MakeAsync(RepositoryFiles.Pedestrians, path, cancellationToken);
            var response = await service.CallAsync(Pipeline, path, 1, cancellationToken);
            var frames = response.Results.Zip(response.Observations, (result, observed) =>
                new SignedFrame(result.FrameIndex, result.FrameTimestampMs, observed.Signature.ToByteArray())).ToList();
            scores.Add((clip, [.. Strides.Select(stride => OfStride(frames, clip.Cuts, stride))]));
        }

        return Table(scores);
    }

    /// <summary>The sum over all first frames of a stride.</summary>
    public static ShotScore OfStride(IReadOnlyList<SignedFrame> frames, IReadOnlyList<int> cuts, int stride) =>
        ShotScore.Sum(Enumerable.Range(0, stride).Select(offset => ShotScore.Of(frames, cuts, stride, offset)));

    private static string Table(List<(ShotClip Clip, List<ShotScore> Scores)> scores)
    {
        var text = new StringBuilder("| clip | ")
            .AppendJoin(" | ", Strides.Select(stride => $"stride {stride}: found, missed, wrong"))
            .Append(" |\n|---").Append(string.Concat(Strides.Select(_ => "|--:"))).Append("|\n");
        foreach (var (clip, each) in scores)
        {
            Row(text, clip.Name, each);
        }

        List<ShotScore> all =
            [.. Strides.Select((_, index) => ShotScore.Sum(scores.Select(item => item.Scores[index])))];
        Row(text, "all", all);
        var total = ShotScore.Sum(all);
        return text.Append(
            CultureInfo.InvariantCulture, $"\nPrecision {total.Precision:F3}, recall {total.Recall:F3}").ToString();
    }

    private static void Row(StringBuilder text, string name, IEnumerable<ShotScore> scores) => text
        .Append("| ").Append(name).Append(" | ")
        .AppendJoin(" | ", scores.Select(score => string.Create(
            CultureInfo.InvariantCulture, $"{score.Found}, {score.Missed}, {score.Wrong}")))
        .Append(" |\n");
}
