using System.Text.RegularExpressions;

namespace ForegSyte.Architecture.Tests.Sources;

/// <summary>Rules for every source file.</summary>
internal static partial class SourceRules
{
    /// <summary>Maximum number of lines of a file.</summary>
    public const int MaxLines = 400;

    /// <summary>Maximum number of lines of a contract: a released message cannot move to another file.</summary>
    public const int MaxContractLines = 500;

    /// <summary>Maximum length of a line in UTF-16 units.</summary>
    public const int MaxLineLength = 120;

    /// <summary>Meaningless words, forbidden in the names of files and types.</summary>
    public static readonly IReadOnlyList<string> EmptyWords = ["Utils", "Helper", "Common", "Manager"];

    /// <summary>Violations of a file, one sentence each.</summary>
    public static IEnumerable<string> Violations(string path, string text)
    {
        var lines = text.ReplaceLineEndings("\n").TrimEnd('\n').Split('\n');
        var maxLines = path.EndsWith(".proto", StringComparison.Ordinal) ? MaxContractLines : MaxLines;
        if (lines.Length > maxLines)
        {
            yield return $"{path} has {lines.Length} lines.";
        }

        foreach (var (index, line) in lines.Index().Where(pair => pair.Item.Length > MaxLineLength))
        {
            yield return $"{path}:{index + 1} has {line.Length} characters.";
        }

        foreach (var name in DeclaredTypes().Matches(text).Select(match => match.Groups["name"].Value)
            .Prepend(Path.GetFileName(path)).Where(IsEmptyName))
        {
            yield return $"{path} has the name {name}.";
        }
    }

    private static bool IsEmptyName(string name) =>
        EmptyWords.Any(word => name.Contains(word, StringComparison.Ordinal));

    // Skips comments and strings. The name of a "record struct" follows the second word.
    [GeneratedRegex(
        @"^[^/""\n]*\b(class|struct|record|interface|enum|message|service)\s+(?!(class|struct)\b)(?<name>\w+)",
        RegexOptions.Multiline)]
    private static partial Regex DeclaredTypes();
}
