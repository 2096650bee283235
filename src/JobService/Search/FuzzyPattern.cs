using System.Text;

namespace ForegSyte.Jobs.Search;

/// <summary>
/// A folded text that is looked for with a few wrong, missing or additional characters: one for each 4 of the text, as
/// TEXT_MATCH_FUZZY says. One caller at a time.
/// </summary>
internal sealed class FuzzyPattern
{
    /// <summary>Characters of the text for each wrong one.</summary>
    public const int CharactersPerError = 4;

    private readonly int[] _pattern;
    private readonly int[] _distances;

    /// <param name="folded">The text, not empty.</param>
    public FuzzyPattern(string folded)
    {
        _pattern = [.. folded.EnumerateRunes().Select(rune => rune.Value)];
        _distances = new int[_pattern.Length + 1];
        Errors = _pattern.Length / CharactersPerError;
        Pieces = PiecesOf(folded, Errors + 1);
        Bigrams = FoldedText.Bigrams(folded);
    }

    /// <summary>Maximum number of errors.</summary>
    public int Errors { get; }

    /// <summary>
    /// The text in one part more than there can be errors: a text that matches contains at least one part exactly
    /// (pigeonhole principle).
    /// </summary>
    public IReadOnlyList<string> Pieces { get; }

    /// <summary>The pairs of the text; see <see cref="FoldedText.Bigrams"/>.</summary>
    public List<int> Bigrams { get; }

    /// <summary>Minimum length of a text that matches, in code points.</summary>
    public int MinLength => _pattern.Length - Errors;

    /// <summary>
    /// Whether a part of a folded text has an edit distance of at most <see cref="Errors"/> from the pattern
    /// (P. Sellers, "The theory and computation of evolutionary distances: pattern recognition", 1980).
    /// </summary>
    public bool Matches(string folded)
    {
        for (var i = 0; i <= _pattern.Length; i++)
        {
            _distances[i] = i;
        }

        if (_distances[^1] <= Errors)
        {
            return true;
        }

        foreach (var rune in folded.EnumerateRunes())
        {
            // A match can begin anywhere, so the distance of the empty pattern is 0 everywhere.
            var diagonal = 0;
            for (var i = 1; i <= _pattern.Length; i++)
            {
                var replaced = diagonal + (_pattern[i - 1] == rune.Value ? 0 : 1);
                diagonal = _distances[i];
                _distances[i] = Math.Min(replaced, Math.Min(diagonal, _distances[i - 1]) + 1);
            }

            if (_distances[^1] <= Errors)
            {
                return true;
            }
        }

        return false;
    }

    private static List<string> PiecesOf(string folded, int count)
    {
        Rune[] runes = [.. folded.EnumerateRunes()];
        return Enumerable.Range(0, count)
            .Select(i => string.Concat(runes[(i * runes.Length / count)..((i + 1) * runes.Length / count)]))
            .ToList();
    }
}
