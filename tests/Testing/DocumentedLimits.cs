namespace ForegSyte.Testing;

/// <summary>Reads docs/limits.md.</summary>
public static class DocumentedLimits
{
    private const string Title = "## ";
    private const string Common = "Both services";

    /// <summary>Sorted names of the limits of a service, for example "Submit:MaxVideoBytes".</summary>
    public static IReadOnlyList<string> Of(string service)
    {
        var names = new List<string>();
        var part = "";
        foreach (var line in File.ReadLines(Path.Combine(RepositoryFiles.Root, "docs", "limits.md")))
        {
            if (line.StartsWith(Title, StringComparison.Ordinal))
            {
                part = line[Title.Length..];
            }
            else if ((part == Common || part == service) && line.StartsWith("| ", StringComparison.Ordinal))
            {
                names.Add(line.Split('|')[1].Trim());
            }
        }

        return [.. names.Where(name => name is not ("limit" or "---")).Order(StringComparer.Ordinal)];
    }
}
