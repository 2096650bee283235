namespace ForegSyte.Protocol.Text;

/// <summary>Finds the names that a caller may have meant.</summary>
public static class NearestNames
{
    private const int MaxNames = 3;

    /// <summary>
    /// At most three known names, the nearest first: those that contain the name or are contained in it, and those with
    /// an edit distance (optimal string alignment) of at most a third of the name's length, but at least 1. Case does
    /// not count.
    /// </summary>
    /// <param name="name">The unknown name; names of more than 100 characters have no neighbors.</param>
    /// <param name="known">The known names.</param>
    public static IReadOnlyList<string> Of(string name, IEnumerable<string> known)
    {
        const int maxLength = 100;
        if (name.Length is 0 or > maxLength)
        {
            return [];
        }

        var limit = Math.Max(1, name.Length / 3);
        return
        [
            .. known
                .Select(each => (Name: each, Distance: Distance(name, each, limit)))
                .Where(pair => pair.Distance <= limit)
                .OrderBy(pair => pair.Distance)
                .ThenBy(pair => pair.Name, StringComparer.Ordinal)
                .Take(MaxNames)
                .Select(pair => pair.Name),
        ];
    }

    /// <summary>A sentence such as "Did you mean 'person'?" with a space before it; empty without near names.</summary>
    public static string Question(string name, IEnumerable<string> known)
    {
        string[] near = [.. Of(name, known).Select(each => $"'{each}'")];
        return near.Length switch
        {
            0 => "",
            1 => $" Did you mean {near[0]}?",
            _ => $" Did you mean {string.Join(", ", near[..^1])} or {near[^1]}?",
        };
    }

    private static int Distance(string name, string known, int limit)
    {
        var (a, b) = (name.ToUpperInvariant(), known.ToUpperInvariant());
        const int minPart = 3;
        if (a == b)
        {
            return 0;
        }

        if ((a.Length >= minPart && b.Contains(a, StringComparison.Ordinal))
            || (b.Length >= minPart && a.Contains(b, StringComparison.Ordinal)))
        {
            return 1;
        }

        if (Math.Abs(a.Length - b.Length) > limit)
        {
            return limit + 1;
        }

        var distances = new int[a.Length + 1, b.Length + 1];
        for (var i = 0; i <= a.Length; i++)
        {
            for (var j = 0; j <= b.Length; j++)
            {
                distances[i, j] = i == 0 || j == 0 ? i + j : Math.Min(
                    distances[i - 1, j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1),
                    Math.Min(distances[i - 1, j], distances[i, j - 1]) + 1);
                if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                {
                    distances[i, j] = Math.Min(distances[i, j], distances[i - 2, j - 2] + 1);
                }
            }
        }

        return distances[a.Length, b.Length];
    }
}
