using CsCheck;

namespace ForegSyte.Jobs.Tests.Search;

/// <summary>Runs checks over random texts.</summary>
internal static class RandomTexts
{
    private static readonly Gen<string> Words = Gen.Char["abcd"].Array[1, 14].Select(letters => new string(letters));

    /// <summary>Texts of letters, spaces, punctuation and characters that change.</summary>
    public static void Texts(Action<string> check) =>
        Gen.Char["abAB ,-éÉ\u0301ﬁｅß가Σ5"].Array[0, 12].Select(letters => new string(letters)).Sample(check);

    /// <summary>Patterns and folded texts of few letters, so that many match.</summary>
    public static void Pairs(Action<string, string> check) =>
        Gen.Select(Words, Words).Sample(pair => check(pair.Item1, pair.Item2), iter: 3_000);
}
