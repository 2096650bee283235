using ForegSyte.Testing;

namespace ForegSyte.EndToEnd.Tests.Telemetry;

/// <summary>
/// Generated sections of a document, between the comments "made: NAME" and "end: NAME". `make docs` writes them.
/// </summary>
internal static class GeneratedSection
{
    private static bool IsWriting => Environment.GetEnvironmentVariable("FOREGSYTE_WRITE_DOCS") == "1";

    /// <summary>Writes a section that differs in every run, such as times, if `make docs` asks for it.</summary>
    public static void WriteIfAsked(string document, string section, string text)
    {
        if (IsWriting)
        {
            var (before, _, after) = Split(document, section);
            File.WriteAllText(PathOf(document), $"{before}\n```\n{text}```\n{after}");
        }
    }

    /// <summary>Fails if a section is not this text; writes it if `make docs` asks for it.</summary>
    public static void Check(string document, string section, string text)
    {
        var (before, written, after) = Split(document, section);
        if (IsWriting)
        {
            File.WriteAllText(PathOf(document), $"{before}\n{text}{after}");
            return;
        }

        Assert.True(
            $"\n{text}" == written, $"The section {section} of docs/{document} is out of date: run `make docs`.");
    }

    private static (string Before, string Text, string After) Split(string document, string section)
    {
        var text = File.ReadAllText(PathOf(document));
        var begin = $"<!-- made: {section} -->";
        var start = text.IndexOf(begin, StringComparison.Ordinal) + begin.Length;
        var end = text.IndexOf($"<!-- end: {section} -->", StringComparison.Ordinal);
        Assert.True(start >= begin.Length && end >= start, $"docs/{document} has no section {section}.");
        return (text[..start], text[start..end], text[end..]);
    }

    private static string PathOf(string document) => Path.Combine(RepositoryFiles.Root, "docs", document);
}
