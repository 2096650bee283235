using System.Text;

namespace ForegSyte.Benchmarks;

/// <summary>A row of the result table.</summary>
/// <param name="What">The measurement.</param>
/// <param name="Figure">Its result, with the unit.</param>
internal sealed record Row(string What, string Figure)
{
    /// <summary>Name and result of the baseline; empty if there is none.</summary>
    public string Baseline { get; init; } = "";

    /// <summary>The result divided by the baseline's; null without a baseline.</summary>
    public double? Ratio { get; init; }

    /// <summary>The goal; empty if there is none.</summary>
    public string Goal { get; init; } = "";

    /// <summary>Whether the result meets the goal; null without a goal.</summary>
    public bool? Reached { get; init; }

    /// <summary>A result beside a baseline, without a goal.</summary>
    public static Row Compared(string what, double figure, string unit, string baseline, double baselineFigure) =>
        new(what, Text(figure, unit))
        {
            Baseline = $"{baseline}: {Text(baselineFigure, unit)}",
            Ratio = figure / baselineFigure,
        };

    /// <summary>A result that should be at least so many times its baseline.</summary>
    public static Row AtLeast(
        string what, double figure, string unit, string baseline, double baselineFigure, double goal) =>
        Compared(what, figure, unit, baseline, baselineFigure) with
        {
            Goal = FormattableString.Invariant($"at least {goal}x"),
            Reached = figure / baselineFigure >= goal,
        };

    /// <summary>A result that should be at most so many times its baseline.</summary>
    public static Row AtMost(
        string what, double figure, string unit, string baseline, double baselineFigure, double goal) =>
        Compared(what, figure, unit, baseline, baselineFigure) with
        {
            Goal = FormattableString.Invariant($"at most {goal}x"),
            Reached = figure / baselineFigure <= goal,
        };

    /// <summary>A result that should be at most so much above its baseline.</summary>
    public static Row AtMostAbove(
        string what, double figure, string unit, string baseline, double baselineFigure, double goal) =>
        Compared(what, figure, unit, baseline, baselineFigure) with
        {
            Goal = FormattableString.Invariant($"at most {goal} {unit} above; it is {figure - baselineFigure:F0}"),
            Reached = figure - baselineFigure <= goal,
        };

    /// <summary>A result with a lower limit.</summary>
    public static Row Minimum(string what, double figure, string unit, double goal) =>
        new(what, Text(figure, unit))
        {
            Goal = FormattableString.Invariant($"at least {goal:N0} {unit}"),
            Reached = figure >= goal,
        };

    /// <summary>A result with an upper limit.</summary>
    public static Row Maximum(string what, double figure, string unit, double goal) =>
        new(what, Text(figure, unit))
        {
            Goal = FormattableString.Invariant($"at most {goal} {unit}"),
            Reached = figure <= goal,
        };

    /// <summary>A number with its unit, with three digits or more.</summary>
    public static string Text(double figure, string unit) => figure >= 100
        ? FormattableString.Invariant($"{figure:N0} {unit}")
        : FormattableString.Invariant($"{figure:G3} {unit}");
}

/// <summary>Formats rows as Markdown.</summary>
internal static class ResultTable
{
    /// <summary>The table.</summary>
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

    /// <summary>The median; the larger of the two middle values of an even number.</summary>
    public static double Median(this IEnumerable<double> values)
    {
        var sorted = values.Order().ToArray();
        return sorted[sorted.Length / 2];
    }
}
