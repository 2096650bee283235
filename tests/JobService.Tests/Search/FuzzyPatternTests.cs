using ForegSyte.Jobs.Search;

namespace ForegSyte.Jobs.Tests.Search;

public sealed class FuzzyPatternTests
{
    [Theory]
    [InlineData("gate07", "gateo7", true)]
    [InlineData("gate07", "thegate7isopen", true)]
    [InlineData("gate07", "gaxte07", true)]
    [InlineData("gate07", "gato7", false)]
    [InlineData("gate07", "gata08", false)]
    [InlineData("gat", "got", false)]
    [InlineData("gat", "agate", true)]
    [InlineData("gate", "got", false)]
    [InlineData("gate", "gae", true)]
    [InlineData("platform9a", "p1atf0rm9a", true)]
    [InlineData("platform9a", "p1atf0rn9a", false)]
    [InlineData("\U0001F3A5\U0001F3A6\U0001F3A7\U0001F3A8", "\U0001F3A5\U0001F3A6\U0001F3A9\U0001F3A8", true)]
    public void Matches_Text_AllowsAnErrorForEachFourCharacters(string pattern, string text, bool matches) =>
        Assert.Equal(matches, new FuzzyPattern(pattern).Matches(text));

    [Fact]
    public void Matches_RandomTexts_IsAsByComparingAllParts() => RandomTexts.Pairs((pattern, text) =>
    {
        var fuzzy = new FuzzyPattern(pattern);

        var nearest = Parts(text).Min(part => Distance(pattern, part));

        Assert.Equal(nearest <= fuzzy.Errors, fuzzy.Matches(text));
    });

    /// <summary>The conditions by which the databases look for candidates.</summary>
    [Fact]
    public void Matches_RandomTexts_AllHaveAPieceAndEnoughPairs() => RandomTexts.Pairs((pattern, text) =>
    {
        var fuzzy = new FuzzyPattern(pattern);
        if (!fuzzy.Matches(text))
        {
            return;
        }

        Assert.Contains(fuzzy.Pieces, piece => text.Contains(piece, StringComparison.Ordinal));
        Assert.True(text.Length >= fuzzy.MinLength, "The text is shorter than the minimum.");
        var signature = FoldedText.Signature(fuzzy.Bigrams);
        var missing = signature & ~FoldedText.Signature(FoldedText.Bigrams(text));
        Assert.True(
            long.PopCount(missing) <= 2 * fuzzy.Errors,
            $"{long.PopCount(missing)} bits are missing with {fuzzy.Errors} errors.");
        Assert.Equal(pattern, string.Concat(fuzzy.Pieces));
        Assert.All(fuzzy.Pieces, piece => Assert.True(
            fuzzy.Errors == 0 || piece.Length >= 2, $"The piece {piece} has no pair."));
    });

    private static IEnumerable<string> Parts(string text) =>
        from start in Enumerable.Range(0, text.Length + 1)
        from end in Enumerable.Range(start, text.Length + 1 - start)
        select text[start..end];

    private static int Distance(string left, string right)
    {
        var table = new int[left.Length + 1, right.Length + 1];
        for (var i = 0; i <= left.Length; i++)
        {
            for (var j = 0; j <= right.Length; j++)
            {
                table[i, j] = i == 0 || j == 0
                    ? i + j
                    : Math.Min(
                        Math.Min(table[i - 1, j], table[i, j - 1]) + 1,
                        table[i - 1, j - 1] + (left[i - 1] == right[j - 1] ? 0 : 1));
            }
        }

        return table[left.Length, right.Length];
    }
}
