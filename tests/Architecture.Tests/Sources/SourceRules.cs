using System.Text.RegularExpressions;

namespace ForegSyte.Architecture.Tests.Sources;

/// <summary>What holds for every source file, whatever is in it.</summary>
internal static partial class SourceRules
{
    /// <summary>Lines of a file at most.</summary>
    public const int MaxLines = 400;

    /// <summary>UTF-16 units of a line at most.</summary>
    public const int MaxLineLength = 120;

    /// <summary>Words that say nothing of what a type is for; no file and no type has one in its name.</summary>
    public static readonly IReadOnlyList<string> EmptyWords = ["Utils", "Helper", "Common", "Manager"];

    /// <summary>What a file does against the rules, a sentence each.</summary>
    /// <param name="path">Path of the file, shown in the sentences.</param>
    /// <param name="text">The file's text.</param>
    public static IEnumerable<string> Violations(string path, string text)
    {
        var lines = text.ReplaceLineEndings("\n").TrimEnd('\n').Split('\n');
        if (lines.Length > MaxLines)
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

    // Comments and texts are passed over. "record struct" names its type after the second word.
    [GeneratedRegex(
        @"^[^/""\n]*\b(class|struct|record|interface|enum|message|service)\s+(?!(class|struct)\b)(?<name>\w+)",
        RegexOptions.Multiline)]
    private static partial Regex DeclaredTypes();
}
