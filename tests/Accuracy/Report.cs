using System.Globalization;
using System.Text;
using ForegSyte.Accuracy.Objects;
using ForegSyte.Accuracy.Running;
using ForegSyte.Accuracy.Text;
using ForegSyte.Accuracy.Tracks;

namespace ForegSyte.Accuracy;

/// <summary>Formats the scores as Markdown.</summary>
internal static class Report
{
    /// <summary>Classes with enough labels for a column.</summary>
    private static readonly string[] Columns = ["person", "car"];

    public static string Detectors(IReadOnlyList<(string Id, double Confidence, DetectorScore Score)> scores)
    {
        var text = new StringBuilder()
            .Append(CultureInfo.InvariantCulture, $"| detector | mAP@0.5 | {Cells(Columns, name => $"AP {name}")} |")
            .Append(" at confidence | precision | recall | found | doubles |\n")
            .Append(CultureInfo.InvariantCulture, $"|---|--:| {Cells(Columns, _ => "--:")} |--:|--:|--:|--:|--:|\n");
        foreach (var (id, confidence, score) in scores)
        {
            var each = Cells(Columns, name => Number(score.ByCategory[name]));
            text.Append(
                CultureInfo.InvariantCulture,
                $"| {id} | {Number(score.MeanAveragePrecision)} | {each} | {confidence:F2} ")
                .Append(CultureInfo.InvariantCulture, $"| {Number(score.Precision)} | {Number(score.Recall)} ")
                .Append(CultureInfo.InvariantCulture, $"| {score.Right} of {score.Labeled} | {score.Doubles} |\n");
        }

        return text.ToString();
    }

    /// <summary>Objects of the default pipeline per scene.</summary>
    public static string Scenes(PipelineMeasurement measurement)
    {
        var text = new StringBuilder()
            .Append("| scene | frames | found | wrong | precision | recall |\n|---|--:|--:|--:|--:|--:|\n");
        var frames = measurement.Scenes.Sum(scene => scene.Frames);
        foreach (var (scene, count, score) in measurement.Scenes.Append(("all", frames, measurement.All)))
        {
            text.Append(
                CultureInfo.InvariantCulture, $"| {scene} | {count} | {score.Right} of {score.Labeled} ")
                .Append(CultureInfo.InvariantCulture, $"| {score.Wrong} ")
                .Append(score.Labeled == 0
                    ? "| - | - |\n"
                    : $"| {Number(score.Precision)} | {Number(score.Recall)} |\n");
        }

        return text.ToString();
    }

    /// <summary>Lines of text per set.</summary>
    public static string Lines(IReadOnlyList<(string Set, TextScore Score)> sets)
    {
        var text = new StringBuilder()
            .Append("| lines | exact | but for lost spaces | but for false spaces | character error rate |\n")
            .Append("|---|--:|--:|--:|--:|\n");
        foreach (var (set, score) in sets)
        {
            text.Append(
                CultureInfo.InvariantCulture,
                $"| {set} | {score.Exact} of {score.Lines} | {score.LostSpaces} ")
                .Append(
                    CultureInfo.InvariantCulture,
                    $"| {score.ExactButSpaces - score.LostSpaces} | {score.CharacterErrorRate:F4} |\n");
        }

        return text.ToString();
    }

    public static string Text(IReadOnlyList<TextMeasurement> measurements)
    {
        var text = new StringBuilder()
            .Append("| side | lines exact | exact but for spaces | character error rate | read where nothing is ")
            .Append("| caption exact | lines in pictures without text | of any confidence |\n")
            .Append("|--:|--:|--:|--:|--:|--:|--:|--:|\n");
        foreach (var item in measurements)
        {
            text.Append(
                CultureInfo.InvariantCulture,
                $"| {item.Side} | {item.Lines.Exact} of {item.Lines.Lines} | {item.Lines.ExactButSpaces} ")
                .Append(
                    CultureInfo.InvariantCulture,
                    $"| {item.Lines.CharacterErrorRate:F4} | {item.Lines.Elsewhere + item.Caption.Elsewhere} ")
                .Append(CultureInfo.InvariantCulture, $"| {item.Caption.Exact} of {item.Caption.Lines} ")
                .Append(
                    CultureInfo.InvariantCulture,
                    $"| {item.Junk.Count} in {item.Patterns} | {item.JunkOfAnyConfidence} |\n");
        }

        return text.ToString();
    }

    public static string Sets(IReadOnlyList<(TextSet Set, TextScore Score, int Read)> sets)
    {
        var text = new StringBuilder()
            .Append("| set | lines | read exactly | but for spaces | character error rate | nothing read |\n")
            .Append("|---|--:|--:|--:|--:|--:|\n");
        foreach (var (set, score, read) in sets)
        {
            string[] cells = set.IsSupported
                ? [Count(score.Exact), Count(score.ExactButSpaces),
                    score.CharacterErrorRate.ToString("F4", CultureInfo.InvariantCulture)]
                : ["-", "-", "-"];
            text.Append(
                CultureInfo.InvariantCulture,
                $"| {set.Name} | {score.Lines} | {string.Join(" | ", cells)} | {score.Lines - read} |\n");
        }

        return text.ToString();

        static string Count(int number) => number.ToString(CultureInfo.InvariantCulture);
    }

    /// <param name="measurements">A measurement for each stride.</param>
    public static string Tracks(IReadOnlyList<TrackMeasurement> measurements)
    {
        var text = new StringBuilder()
            .Append("| stride | first frame | persons | tracks | switches | missed | wrong | IDF1 | HOTA ")
            .Append("| ms a frame |\n")
            .Append("|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|\n");
        foreach (var (stride, first, published, score, milliseconds) in measurements)
        {
            text.Append(
                CultureInfo.InvariantCulture,
                $"| {stride} | {first} | {score.Objects} | {published} | {score.Switches} ")
                .Append(CultureInfo.InvariantCulture, $"| {score.Missed} | {score.Wrong} ")
                .Append(
                    CultureInfo.InvariantCulture,
                    $"| {Number(score.Idf1)} | {Number(score.Hota)} | {Number(milliseconds)} |\n");
        }

        return text.ToString();
    }

    public static string TextTracks(IReadOnlyList<TextTrackScore> scores)
    {
        var text = new StringBuilder()
            .Append("| stride | texts | right | tracks | ms a frame |\n")
            .Append("|--:|--:|--:|--:|--:|\n");
        foreach (var item in scores)
        {
            text.Append(
                CultureInfo.InvariantCulture,
                $"| {item.Stride} | {item.Texts} | {item.Right} | {item.Tracks} | {Number(item.Milliseconds)} |\n");
        }

        foreach (var mistake in scores.SelectMany(item => item.Mistakes.Select(track => (item.Stride, track))))
        {
            text.Append(CultureInfo.InvariantCulture, $"- stride {mistake.Stride}: {mistake.track}\n");
        }

        return text.ToString();
    }

    private static string Cells(IEnumerable<string> names, Func<string, string> cell) =>
        string.Join(" | ", names.Select(cell));

    private static string Number(double value) => value.ToString("F3", CultureInfo.InvariantCulture);
}
