using System.Text;

namespace ForegSyte.Jobs.Tracking;

/// <summary>What a recognizer read, for comparison: letters and digits in upper case, the rest left out.</summary>
internal sealed class Reading
{
    /// <summary>Letters and digits that are compared; recognizers read lines of about 100.</summary>
    private const int MaxLength = 256;

    private readonly Rune[] _runes;

    public Reading(string text)
    {
        Text = text;
        Rune[] runes = [.. text.EnumerateRunes().Where(Rune.IsLetterOrDigit).Take(MaxLength)];
        _runes = runes.Length > 0
            ? [.. runes.Select(Rune.ToUpperInvariant)]
            : [.. text.EnumerateRunes().Where(rune => !Rune.IsWhiteSpace(rune)).Take(MaxLength)];
    }

    /// <summary>The text as it was read.</summary>
    public string Text { get; }

    /// <summary>Number of compared characters.</summary>
    public int Length => _runes.Length;

    /// <summary>
    /// Similarity of two readings, 0 to 1: 1 less their edit distance (Levenshtein 1966) as a share of the longer one.
    /// </summary>
    public double SimilarityTo(Reading other)
    {
        var longest = Math.Max(Length, other.Length);
        return longest == 0 ? 1 : 1 - ((double)Edits(_runes, other._runes, isPart: false) / longest);
    }

    /// <summary>
    /// Similarity of the shorter reading to the part of the longer one that it resembles most, 0 to 1 (Sellers 1980,
    /// "The theory and computation of evolutionary distances").
    /// </summary>
    public double PartSimilarityTo(Reading other)
    {
        var (part, whole) = Length <= other.Length ? (_runes, other._runes) : (other._runes, _runes);
        return part.Length == 0 ? 0 : 1 - ((double)Edits(part, whole, isPart: true) / part.Length);
    }

    private static int Edits(Rune[] rows, Rune[] columns, bool isPart)
    {
        var above = new int[columns.Length + 1];
        for (var column = 1; column <= columns.Length; column++)
        {
            above[column] = isPart ? 0 : column;
        }

        for (var row = 1; row <= rows.Length; row++)
        {
            var diagonal = above[0];
            above[0] = row;
            for (var column = 1; column <= columns.Length; column++)
            {
                var changed = diagonal + (rows[row - 1] == columns[column - 1] ? 0 : 1);
                diagonal = above[column];
                above[column] = Math.Min(changed, Math.Min(above[column], above[column - 1]) + 1);
            }
        }

        return isPart ? above.Min() : above[^1];
    }
}
