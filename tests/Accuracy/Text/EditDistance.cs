namespace ForegSyte.Accuracy.Text;

/// <summary>
/// The fewest insertions, deletions and substitutions of characters that make one text of another (V. Levenshtein,
/// 1966).
/// </summary>
internal static class EditDistance
{
    public static int Between(string first, string second)
    {
        var previous = Enumerable.Range(0, second.Length + 1).ToArray();
        for (var i = 1; i <= first.Length; i++)
        {
            var current = new int[second.Length + 1];
            current[0] = i;
            for (var j = 1; j <= second.Length; j++)
            {
                var replaced = previous[j - 1] + (first[i - 1] == second[j - 1] ? 0 : 1);
                current[j] = Math.Min(replaced, Math.Min(previous[j], current[j - 1]) + 1);
            }

            previous = current;
        }

        return previous[^1];
    }
}
