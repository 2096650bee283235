namespace ForegSyte.Measuring;

/// <summary>A line of the table.</summary>
/// <param name="What">What was measured.</param>
/// <param name="Figure">What came out, with its unit.</param>
public sealed record Row(string What, string Figure)
{
    /// <summary>What it is compared with, with its own figure; empty where it stands for itself.</summary>
    public string Baseline { get; init; } = "";

    /// <summary>The figure divided by that of the baseline; null where there is none.</summary>
    public double? Ratio { get; init; }

    /// <summary>What is wanted; empty where nothing is.</summary>
    public string Goal { get; init; } = "";

    /// <summary>Whether the goal is reached; null where there is none, or where it could not be measured.</summary>
    public bool? Reached { get; init; }

    /// <summary>A figure whose ratio to a baseline is to be large.</summary>
    public static Row AtLeast(
        string what, double figure, string unit, string baseline, double baselineFigure, double goal) =>
        Compared(what, figure, unit, baseline, baselineFigure) with
        {
            Goal = FormattableString.Invariant($"at least {goal}x"),
            Reached = figure / baselineFigure >= goal,
        };

    /// <summary>A figure whose ratio to a baseline is to be small.</summary>
    public static Row AtMost(
        string what, double figure, string unit, string baseline, double baselineFigure, double goal) =>
        Compared(what, figure, unit, baseline, baselineFigure) with
        {
            Goal = FormattableString.Invariant($"at most {goal}x"),
            Reached = figure / baselineFigure <= goal,
        };

    /// <summary>A figure that is to be small by itself.</summary>
    public static Row Within(string what, double figure, string unit, double goal) =>
        new(what, Text(figure, unit))
        {
            Goal = FormattableString.Invariant($"at most {goal} {unit}"),
            Reached = figure <= goal,
        };

    /// <summary>A figure beside a baseline, without a goal.</summary>
    public static Row Compared(string what, double figure, string unit, string baseline, double baselineFigure) =>
        new(what, Text(figure, unit))
        {
            Baseline = $"{baseline}: {Text(baselineFigure, unit)}",
            Ratio = figure / baselineFigure,
        };

    /// <summary>A figure with its unit, in three digits or more.</summary>
    public static string Text(double figure, string unit) => figure >= 100
        ? FormattableString.Invariant($"{figure:N0} {unit}")
        : FormattableString.Invariant($"{figure:G3} {unit}");
}
