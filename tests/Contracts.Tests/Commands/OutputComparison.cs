using System.Globalization;
using System.Text.RegularExpressions;

namespace ForegSyte.Contracts.Tests.Commands;

/// <summary>
/// Compares the documented output of commands with the actual output. Ids, etags and page tokens differ between runs:
/// the comparison learns each at its first appearance, expects it from then on, and substitutes it in later commands.
/// Times and durations can differ, fractions by 1 %, and a line "…" stands for any number of lines. Everything else
/// must be equal, except for spaces.
/// </summary>
internal sealed partial class OutputComparison
{
    private const string AnyLines = "…";
    private const double Tolerance = 0.01;

    private readonly Dictionary<string, string> _learned = [];

    /// <summary>A documented command with the ids of this run.</summary>
    public string Translate(string command) => _learned.Aggregate(
        command, (text, pair) => text.Replace(pair.Key, pair.Value, StringComparison.Ordinal));

    /// <summary>Describes the first difference; null if there is none.</summary>
    public string? Difference(IReadOnlyList<string> documented, IReadOnlyList<string> printed)
    {
        var expected = documented.Select(Tidy).ToArray();
        var actual = printed.Select(Tidy).ToArray();
        var fits = Fits(expected, actual);
        if (!fits[0, 0])
        {
            return "The output differs from the document.";
        }

        var position = 0;
        for (var index = 0; index < expected.Length; index++)
        {
            if (expected[index] == AnyLines)
            {
                position = Enumerable.Range(position, actual.Length - position + 1)
                    .First(next => fits[index + 1, next]);
            }
            else if (Learn(expected[index], actual[position++]) is { } difference)
            {
                return difference;
            }
        }

        return null;
    }

    // fits[i, j]: the expected lines from i on match the actual lines from j on.
    private static bool[,] Fits(string[] expected, string[] actual)
    {
        var fits = new bool[expected.Length + 1, actual.Length + 1];
        fits[expected.Length, actual.Length] = true;
        for (var i = expected.Length - 1; i >= 0; i--)
        {
            for (var j = actual.Length; j >= 0; j--)
            {
                fits[i, j] = expected[i] == AnyLines
                    ? fits[i + 1, j] || (j < actual.Length && fits[i, j + 1])
                    : j < actual.Length && fits[i + 1, j + 1] && Shape(expected[i]) == Shape(actual[j]);
            }
        }

        return fits;
    }

    // Both lines have the same shape, and so the same number of values.
    private string? Learn(string expected, string actual)
    {
        foreach (var (documented, printed) in VariableValue().Matches(expected).Zip(VariableValue().Matches(actual)))
        {
            if (documented.Groups["id"].Success)
            {
                _learned.TryAdd(documented.Value, printed.Value);
                if (_learned[documented.Value] != printed.Value)
                {
                    return $"{documented.Value} was {_learned[documented.Value]} before and now is {printed.Value}.";
                }
            }
            else if (documented.Groups["fraction"].Success && !AreClose(Number(documented), Number(printed)))
            {
                return $"{documented.Value} is documented, the output is {printed.Value}.";
            }
        }

        return null;
    }

    private static bool AreClose(double left, double right) =>
        Math.Abs(left - right) <= Tolerance * Math.Max(Math.Abs(left), Math.Abs(right));

    private static double Number(Match match) => double.Parse(match.Value, CultureInfo.InvariantCulture);

    private static string Tidy(string line) => Spaces().Replace(line.Trim(), " ");

    private static string Shape(string line) =>
        VariableValue().Replace(
            line, match => "<" + match.Groups.Values.Skip(1).First(group => group.Success).Name + ">");

    [GeneratedRegex(@"\s+")]
    private static partial Regex Spaces();

    [GeneratedRegex(
        """
        (?<id>[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}
            |(?<="etag":\ "W/\\")[^"\\]+ |(?<="nextPageToken":\ ")[^"]+ |(?<="next_page_token":\ ")[^"]+ )
        |(?<time>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z)
        |(?<duration>(?<=")\d+\.\d+s(?="))
        |(?<fraction>-?\d+\.\d+(?:e[+-]?\d+)?)
        """,
        RegexOptions.IgnorePatternWhitespace | RegexOptions.ExplicitCapture)]
    private static partial Regex VariableValue();
}
