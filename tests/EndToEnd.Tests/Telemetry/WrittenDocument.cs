using ForegSyte.Testing;

namespace ForegSyte.EndToEnd.Tests.Telemetry;

/// <summary>
/// Parts of a document that tests make: what stands between the comments "made: NAME" and "end: NAME". `make docs`
/// writes them.
/// </summary>
internal static class WrittenDocument
{
    private static bool IsAsked => Environment.GetEnvironmentVariable("FOREGSYTE_WRITE_DOCS") == "1";

    /// <summary>A part as it is.</summary>
    public static string Read(string document, string part) => Split(document, part).Text;

    /// <summary>Writes a part, where that is asked for: one that is never the same twice, such as times.</summary>
    public static void ReplaceWhenAsked(string document, string part, string text)
    {
        if (IsAsked)
        {
            var (before, _, after) = Split(document, part);
            File.WriteAllText(PathOf(document), $"{before}\n```\n{text}```\n{after}");
        }
    }

    /// <summary>Fails where a part is not this text; writes it where that is asked for.</summary>
    public static void Check(string document, string part, string text)
    {
        var (before, written, after) = Split(document, part);
        if (IsAsked)
        {
            File.WriteAllText(PathOf(document), $"{before}\n{text}{after}");
            return;
        }

        Assert.True($"\n{text}" == written, $"docs/{document} is not what the services export: run `make docs`.");
    }

    private static (string Before, string Text, string After) Split(string document, string part)
    {
        var text = File.ReadAllText(PathOf(document));
        var begin = $"<!-- made: {part} -->";
        var start = text.IndexOf(begin, StringComparison.Ordinal) + begin.Length;
        var end = text.IndexOf($"<!-- end: {part} -->", StringComparison.Ordinal);
        Assert.True(start >= begin.Length && end >= start, $"docs/{document} has no place for {part}.");
        return (text[..start], text[start..end], text[end..]);
    }

    private static string PathOf(string document) => Path.Combine(RepositoryFiles.Root, "docs", document);
}
