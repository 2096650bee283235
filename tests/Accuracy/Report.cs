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
    public static string Detectors(IReadOnlyList<(string Id, double Confidence, DetectorScore Score)> scores)
    {
        var categories = scores.SelectMany(item => item.Score.ByCategory.Keys).Distinct().Order(StringComparer.Ordinal)
            .ToList();
        var text = new StringBuilder()
            .Append(CultureInfo.InvariantCulture, $"| detector | mAP@0.5 | {Cells(categories, name => $"AP {name}")} |")
            .Append(" at confidence | precision | recall | found | doubles |\n")
            .Append(CultureInfo.InvariantCulture, $"|---|--:| {Cells(categories, _ => "--:")} |--:|--:|--:|--:|--:|\n");
        foreach (var (id, confidence, score) in scores)
        {
            var each = Cells(categories, name => Number(score.ByCategory[name]));
            text.Append(
                CultureInfo.InvariantCulture,
                $"| {id} | {Number(score.MeanAveragePrecision)} | {each} | {confidence:F2} ")
                .Append(CultureInfo.InvariantCulture, $"| {Number(score.Precision)} | {Number(score.Recall)} ")
                .Append(CultureInfo.InvariantCulture, $"| {score.Right} of {score.Labeled} | {score.Doubles} |\n");
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
