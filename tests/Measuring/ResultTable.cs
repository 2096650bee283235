using System.Text;

namespace ForegSyte.Measuring;

/// <summary>The rows as Markdown.</summary>
public static class ResultTable
{
    /// <summary>A table with a line for each row.</summary>
    public static string Of(IEnumerable<Row> rows)
    {
        var text = new StringBuilder(
            "| what | figure | baseline | ratio | goal | reached |\n|---|--:|---|--:|---|---|\n");
        foreach (var row in rows)
        {
            var reached = row.Reached is { } yes ? yes ? "yes" : "**no**" : "";
            var ratio = row.Ratio is { } value ? FormattableString.Invariant($"{value:G3}") : "";
            text.Append(FormattableString.Invariant(
                $"| {row.What} | {row.Figure} | {row.Baseline} | {ratio} | {row.Goal} | {reached} |\n"));
        }

        return text.ToString();
    }
}
