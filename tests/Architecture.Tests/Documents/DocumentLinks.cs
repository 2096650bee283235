using System.Text.RegularExpressions;

namespace ForegSyte.Architecture.Tests.Documents;

/// <summary>The links of Markdown documents to files and headings beside them.</summary>
internal static partial class DocumentLinks
{
    /// <summary>Links of a document that lead to no file, or to no heading of one.</summary>
    public static IEnumerable<string> Broken(string document) => Link().Matches(File.ReadAllText(document))
        .Select(link => link.Groups["target"].Value)
        .Where(target => !target.Contains("://", StringComparison.Ordinal) && !Leads(document, target))
        .Select(target => $"{document}: {target}");

    /// <summary>Links that stand in more than one entry of a document's lists.</summary>
    public static IEnumerable<string> NamedTwice(string text) => text.Split('\n')
        .Where(line => line.StartsWith("- ", StringComparison.Ordinal))
        .SelectMany(entry => Link().Matches(entry).Select(link => link.Groups["target"].Value).Distinct())
        .GroupBy(target => target)
        .Where(same => same.Count() > 1)
        .Select(same => same.Key);

    private static bool Leads(string document, string target)
    {
        var (path, heading) = target.IndexOf('#', StringComparison.Ordinal) is var mark && mark >= 0
            ? (target[..mark], target[(mark + 1)..])
            : (target, "");
        var file = path.Length == 0 ? document : Path.Combine(Path.GetDirectoryName(document)!, path);
        return heading.Length == 0
            ? File.Exists(file) || Directory.Exists(file)
            : File.Exists(file) && Heading().Matches(File.ReadAllText(file)).Any(
                found => AnchorOf(found.Groups["text"].Value) == heading);
    }

    /// <summary>As GitHub makes it: lower case, without punctuation, with dashes for blanks.</summary>
    private static string AnchorOf(string heading) =>
        Punctuation().Replace(heading.Trim().ToLowerInvariant(), "").Replace(' ', '-');

    [GeneratedRegex(@"\]\((?<target>[^)\s]+)\)")]
    private static partial Regex Link();

    [GeneratedRegex("^#+ (?<text>.+)$", RegexOptions.Multiline)]
    private static partial Regex Heading();

    [GeneratedRegex(@"[^\w\- ]")]
    private static partial Regex Punctuation();
}
