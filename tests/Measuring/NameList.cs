namespace ForegSyte.Measuring;

/// <summary>Names on a command line, with commas between.</summary>
public static class NameList
{
    /// <summary>The names of a list.</summary>
    public static string[] Split(string list) =>
        list.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    /// <summary>Those that are asked for, in the order of the known ones; all for an empty list.</summary>
    /// <exception cref="ArgumentException">A name is unknown.</exception>
    public static IReadOnlyList<string> Choose(string list, IReadOnlyList<string> known)
    {
        var wanted = Split(list);
        var unknown = wanted.Except(known).ToList();
        return unknown.Count > 0
            ? throw new ArgumentException($"There is no {unknown[0]}; there are {string.Join(", ", known)}.")
            : [.. known.Where(name => wanted.Length == 0 || wanted.Contains(name))];
    }
}
