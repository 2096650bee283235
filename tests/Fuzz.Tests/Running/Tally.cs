using System.Collections.Concurrent;
using System.Globalization;
using System.Text;

namespace ForegSyte.Fuzz.Tests.Running;

/// <summary>Counts what came of the inputs, and prints a table at the end.</summary>
public sealed class Tally : IDisposable
{
    private readonly ConcurrentDictionary<(string Target, string Outcome), int> _counts = new();

    /// <summary>Counts one input.</summary>
    public void Count(string target, string outcome) =>
        _counts.AddOrUpdate((target, outcome), 1, (_, count) => count + 1);

    /// <summary>The counts as a Markdown table.</summary>
    public override string ToString()
    {
        var table = new StringBuilder("| target | inputs | outcomes |\n|---|---:|---|\n");
        foreach (var target in _counts.GroupBy(count => count.Key.Target).OrderBy(group => group.Key))
        {
            var outcomes = target.OrderByDescending(count => count.Value).ThenBy(count => count.Key.Outcome)
                .Select(count => string.Create(CultureInfo.InvariantCulture, $"{count.Key.Outcome} {count.Value}"));
            table.AppendLine(
                CultureInfo.InvariantCulture,
                $"| {target.Key} | {target.Sum(count => count.Value)} | {string.Join(", ", outcomes)} |");
        }

        return table.ToString();
    }

    /// <inheritdoc />
    public void Dispose()
    {
        if (FuzzSettings.IsWhole)
        {
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"\nseed {FuzzSettings.Seed}\n{this}"));
        }
    }
}
