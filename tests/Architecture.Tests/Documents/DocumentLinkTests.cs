using System.Text.RegularExpressions;
using ForegSyte.Testing;

namespace ForegSyte.Architecture.Tests.Documents;

/// <summary>Links between documents work, and no list in README.md contains a link twice.</summary>
public sealed class DocumentLinkTests
{
    private static readonly string[] Folders =
        ["clients", "data", "deploy", "docs", "examples", "protos", "src", "tests"];

    [Fact]
    public void Links_OfEveryDocument_Work()
    {
        var documents = Directory.GetFiles(RepositoryFiles.Root, "*.md")
            .Concat(Folders.SelectMany(folder => Directory.EnumerateFiles(
                Path.Combine(RepositoryFiles.Root, folder), "*.md", SearchOption.AllDirectories)))
            .Where(path => !path.Contains("/node_modules/", StringComparison.Ordinal)
                && !path.Contains("/bin/", StringComparison.Ordinal)
                && !path.Contains("/obj/", StringComparison.Ordinal))
            .ToList();

        Assert.Contains(documents, path => path.EndsWith("/docs/operations.md", StringComparison.Ordinal));
        Findings.AssertNone(documents.SelectMany(DocumentLinks.Broken));
    }

    [Fact]
    public void Links_InTheListsOfTheReadme_OccurOnce() => Findings.AssertNone(
        DocumentLinks.Duplicates(File.ReadAllText(Path.Combine(RepositoryFiles.Root, "README.md"))));

    [Fact]
    public void Broken_WrongLinks_AreFound()
    {
        using var folder = new TemporaryFolder();
        var document = folder.File("a.md");
        File.WriteAllText(
            document,
            """
            # The title: a `word`
            [here](#the-title-a-word) [there](b.md#other) [away](https://example.org/c.md) [folder](.)
            [no heading](#gone) [no file](c.md) [no heading there](b.md#gone)
            """);
        File.WriteAllText(folder.File("b.md"), "## Other\n");

        Assert.Equal(
            [$"{document}: #gone", $"{document}: c.md", $"{document}: b.md#gone"], DocumentLinks.Broken(document));
    }

    [Fact]
    public void Duplicates_RepeatedLinks_AreFound() => Assert.Equal(
        ["b.md"], DocumentLinks.Duplicates("- [a](a.md), [b](b.md): x\n- [b](b.md)\n\nSee [a](a.md).\n"));
}

/// <summary>Checks the links of Markdown documents to files and headings.</summary>
internal static partial class DocumentLinks
{
    /// <summary>Links to a missing file or heading.</summary>
    public static IEnumerable<string> Broken(string document) => Link().Matches(File.ReadAllText(document))
        .Select(link => link.Groups["target"].Value)
        .Where(target => !target.Contains("://", StringComparison.Ordinal) && !Exists(document, target))
        .Select(target => $"{document}: {target}");

    /// <summary>Links in more than one list entry.</summary>
    public static IEnumerable<string> Duplicates(string text) => text.Split('\n')
        .Where(line => line.StartsWith("- ", StringComparison.Ordinal))
        .SelectMany(entry => Link().Matches(entry).Select(link => link.Groups["target"].Value).Distinct())
        .GroupBy(target => target)
        .Where(same => same.Count() > 1)
        .Select(same => same.Key);

    private static bool Exists(string document, string target)
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

    /// <summary>GitHub's anchors: lower case, without punctuation, dashes for spaces.</summary>
    private static string AnchorOf(string heading) =>
        Punctuation().Replace(heading.Trim().ToLowerInvariant(), "").Replace(' ', '-');

    [GeneratedRegex(@"\]\((?<target>[^)\s]+)\)")]
    private static partial Regex Link();

    [GeneratedRegex("^#+ (?<text>.+)$", RegexOptions.Multiline)]
    private static partial Regex Heading();

    [GeneratedRegex(@"[^\w\- ]")]
    private static partial Regex Punctuation();
}
