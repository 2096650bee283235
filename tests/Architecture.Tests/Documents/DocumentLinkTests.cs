using ForegSyte.Testing;

namespace ForegSyte.Architecture.Tests.Documents;

/// <summary>The links of the documents lead somewhere in the repository, and no list names a document twice.</summary>
public sealed class DocumentLinkTests
{
    private static readonly string[] Folders = ["data", "deploy", "docs", "examples", "protos", "src", "tests"];

    [Fact]
    public void Links_OfEveryDocument_LeadSomewhere()
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
    public void Entries_OfTheListInTheReadme_AreNamedOnce() => Findings.AssertNone(
        DocumentLinks.NamedTwice(File.ReadAllText(Path.Combine(RepositoryFiles.Root, "README.md"))));

    [Fact]
    public void Broken_PlantedLinks_AreFound()
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
    public void NamedTwice_PlantedEntries_AreFound() => Assert.Equal(
        ["b.md"], DocumentLinks.NamedTwice("- [a](a.md), [b](b.md): x\n- [b](b.md)\n\nSee [a](a.md).\n"));
}
