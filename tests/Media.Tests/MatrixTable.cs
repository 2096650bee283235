using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using ForegSyte.Media.Tests.Clips;

namespace ForegSyte.Media.Tests;

/// <summary>Counts the clips by axis; `make media` prints the table that it writes.</summary>
public sealed class MatrixTable : IDisposable
{
    private readonly ConcurrentQueue<(MediaClip Clip, IReadOnlyList<string>? Problems)> _outcomes = new();

    /// <summary>Adds a clip.</summary>
    /// <param name="clip">The clip.</param>
    /// <param name="problems">What is wrong; null if FFmpeg could not make the clip.</param>
    internal void Add(MediaClip clip, IReadOnlyList<string>? problems) => _outcomes.Enqueue((clip, problems));

    /// <summary>Writes the table to the file that FOREGSYTE_MEDIA_TABLE names.</summary>
    public void Dispose()
    {
        if (Environment.GetEnvironmentVariable("FOREGSYTE_MEDIA_TABLE") is not { Length: > 0 } path)
        {
            return;
        }

        var text = new StringBuilder("| axis | clips | passed | failed | skipped |\n|---|---|---|---|---|\n");
        foreach (var axis in _outcomes.GroupBy(outcome => outcome.Clip.Axis).OrderBy(axis => axis.Key))
        {
            text.AppendLine(CultureInfo.InvariantCulture, $"| {axis.Key} | {Counts([.. axis])} |");
        }

        text.AppendLine(CultureInfo.InvariantCulture, $"| all | {Counts([.. _outcomes])} |");
        foreach (var (clip, problems) in _outcomes.Where(outcome => outcome.Problems is { Count: > 0 }))
        {
            text.AppendLine(CultureInfo.InvariantCulture, $"\n{clip}");
            foreach (var problem in problems!.Take(6))
            {
                text.AppendLine(CultureInfo.InvariantCulture, $"- {problem.ReplaceLineEndings(" ")}");
            }
        }

        File.WriteAllText(path, text.ToString());
    }

    private static string Counts(IReadOnlyCollection<(MediaClip, IReadOnlyList<string>? Problems)> outcomes) =>
        string.Join(" | ", ((int[])[
            outcomes.Count,
            outcomes.Count(outcome => outcome.Problems is { Count: 0 }),
            outcomes.Count(outcome => outcome.Problems is { Count: > 0 }),
            outcomes.Count(outcome => outcome.Problems is null),
        ]).Select(count => count.ToString(CultureInfo.InvariantCulture)));
}
