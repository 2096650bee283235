using System.Text;

namespace ForegSyte.Benchmarks.Fairness;

/// <summary>Memory in MiB that the services may use.</summary>
internal sealed record MemoryBudget(int InferenceMebibytes, int JobsMebibytes);

/// <summary>The measurement of one attack.</summary>
/// <param name="Attack">Name of the attack.</param>
internal sealed record FairnessRow(string Attack)
{
    /// <summary>Clips of the honest tenant before the attack.</summary>
    public IReadOnlyList<HonestClip> Alone { get; init; } = [];

    /// <summary>Clips of the honest tenant during the attack.</summary>
    public IReadOnlyList<HonestClip> Attacked { get; init; } = [];

    /// <summary>What the hostile tenant did.</summary>
    public AttackResult Hostile { get; init; } = AttackResult.Unknown;

    /// <summary>The highest memory during the attack.</summary>
    public ServiceMemory Peak { get; init; }

    /// <summary>Memory after the attack, when its jobs are cancelled.</summary>
    public ServiceMemory After { get; init; }

    /// <summary>What else went wrong, for example that a service ended.</summary>
    public IReadOnlyList<string> Problems { get; init; } = [];
}

/// <summary>Formats rows as Markdown and says whether they meet the goals. Pure.</summary>
internal sealed class FairnessTable
{
    /// <summary>The goal: latency under attack divided by latency alone.</summary>
    private const double MaxRatio = 3;

    private readonly IReadOnlyList<FairnessRow> _rows;
    private readonly MemoryBudget _budget;
    private readonly TimeSpan _p99Alone;

    /// <param name="rows">The rows.</param>
    /// <param name="budget">The goal of the memory.</param>
    public FairnessTable(IReadOnlyList<FairnessRow> rows, MemoryBudget budget)
    {
        (_rows, _budget) = (rows, budget);

        // A few clips have no 99th percentile, so that of all clips without an attack is the baseline of every row.
        _p99Alone = Percentile(rows.SelectMany(row => row.Alone), 0.99) ?? TimeSpan.Zero;
    }

    /// <summary>Whether every row meets every goal.</summary>
    public bool IsHeld => _rows.All(row => Misses(row).Count == 0);

    /// <inheritdoc />
    public override string ToString()
    {
        var text = new StringBuilder(FormattableString.Invariant(
            $"| attack | honest p50 / p99 alone | under attack | ratio (goal: at most {MaxRatio}) "))
            .Append("| results / clips | honest calls failed (goal: 0) | hostile calls / refused ")
            .Append(FormattableString.Invariant(
                $"| peak MiB: InferenceService with decoders (at most {_budget.InferenceMebibytes}) "))
            .Append(FormattableString.Invariant($"| JobService (at most {_budget.JobsMebibytes}) "))
            .Append("| MiB after | verdict |\n|---|--:|--:|--:|--:|---|---|--:|--:|--:|---|\n");
        foreach (var row in _rows)
        {
            var misses = Misses(row);
            var (p50, p99) = (Ratio(row, 0.5), Ratio(row, 0.99));
            text.Append(FormattableString.Invariant($"| {row.Attack} "))
                .Append(FormattableString.Invariant($"| {Text(Alone(row, 0.5))} / {Text(Alone(row, 0.99))} "))
                .Append(FormattableString.Invariant($"| {Latency(row, 0.5)} / {Latency(row, 0.99)} "))
                .Append(FormattableString.Invariant($"| {p50:F1} / {p99:F1} "))
                .Append(FormattableString.Invariant(
                    $"| {row.Attacked.Count(clip => clip.IsComplete)} / {row.Attacked.Count} "))
                .Append(FormattableString.Invariant($"| {Failures(row.Attacked)} "))
                .Append(FormattableString.Invariant($"| {row.Hostile} "))
                .Append(FormattableString.Invariant($"| {row.Peak.Inference:F0} | {row.Peak.Jobs:F0} "))
                .Append(FormattableString.Invariant($"| {row.After.Inference:F0} + {row.After.Jobs:F0} "))
                .Append(misses.Count == 0 ? "| held |\n" : $"| **missed**: {string.Join("; ", misses)} |\n");
        }

        return text.ToString();
    }

    private List<string> Misses(FairnessRow row)
    {
        List<string> misses = [.. row.Problems];
        if (row.Attacked.Count == 0)
        {
            return misses.Count > 0 ? misses : ["not measured"];
        }

        if (row.Alone.Any(clip => !clip.IsComplete || clip.Failure is not null))
        {
            misses.Add($"calls failed without an attack: {Failures(row.Alone)}");
        }

        if (Ratio(row, 0.5) is null or > MaxRatio || Ratio(row, 0.99) is null or > MaxRatio)
        {
            misses.Add("latency");
        }

        if (row.Attacked.Any(clip => clip.Failure is not null))
        {
            misses.Add("failed calls");
        }

        if (row.Attacked.Any(clip => !clip.IsComplete && clip.Failure is null))
        {
            misses.Add("clips without results");
        }

        if (row.Peak.Inference > _budget.InferenceMebibytes)
        {
            misses.Add("memory of the InferenceService");
        }

        if (row.Peak.Jobs > _budget.JobsMebibytes)
        {
            misses.Add("memory of the JobService");
        }

        return misses;
    }

    private TimeSpan? Alone(FairnessRow row, double fraction) =>
        fraction > 0.5 ? _p99Alone : Percentile(row.Alone, fraction);

    /// <summary>Null if no clip counts, because all failed.</summary>
    private double? Ratio(FairnessRow row, double fraction) =>
        Percentile(row.Attacked, fraction) / Alone(row, fraction);

    private static string Latency(FairnessRow row, double fraction) => Text(Percentile(row.Attacked, fraction));

    private static string Text(TimeSpan? time) =>
        time is { } value ? FormattableString.Invariant($"{value.TotalMilliseconds:F0} ms") : "none";

    /// <summary>Failed calls by kind; "0" if none failed.</summary>
    private static string Failures(IEnumerable<HonestClip> clips)
    {
        var failures = clips.Select(clip => clip.Failure).OfType<string>().ToList();
        var kinds = failures.CountBy(failure => failure)
            .Select(kind => FormattableString.Invariant($"{kind.Key} {kind.Value}"));
        return failures.Count == 0
            ? "0"
            : FormattableString.Invariant($"{failures.Count} ({string.Join(", ", kinds)})");
    }

    /// <summary>
    /// A percentile of the latencies, where an unfinished clip counts with its time so far; null if all clips failed.
    /// </summary>
    private static TimeSpan? Percentile(IEnumerable<HonestClip> clips, double fraction)
    {
        var sorted = clips.Where(clip => clip.IsComplete || clip.Failure is null)
            .Select(clip => clip.Latency).Order().ToArray();
        return sorted.Length == 0 ? null : sorted[(int)Math.Ceiling(fraction * sorted.Length) - 1];
    }
}
