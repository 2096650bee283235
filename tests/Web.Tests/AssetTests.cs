using System.IO.Compression;
using System.Text.RegularExpressions;
using ForegSyte.Testing;

namespace ForegSyte.Web.Tests;

/// <summary>Scripts and styles: their size, and what may be in them.</summary>
public sealed partial class AssetTests
{
    private const int MaxCompressedBytes = 150 * 1024;

    private static readonly string Folder = Path.Combine(RepositoryFiles.Root, "src", "Web");

    private static IEnumerable<string> Files(params string[] extensions) =>
        Directory.EnumerateFiles(Folder, "*", SearchOption.AllDirectories)
            .Where(file => extensions.Contains(Path.GetExtension(file)))
            .Where(file => !Path.GetRelativePath(Folder, file).Split('/').Intersect(["bin", "obj"]).Any());

    [Fact]
    public void ScriptsAndStyles_AreSmall()
    {
        var bytes = Files(".js", ".css").Sum(CompressedBytes);

        TestContext.Current.SendDiagnosticMessage($"Scripts and styles: {bytes} bytes compressed.");
        Assert.InRange(bytes, 1, MaxCompressedBytes);
    }

    /// <summary>Texts of callers reach the page by textContent alone.</summary>
    [Fact]
    public void Scripts_WriteNoHtml_AndRunNoText() => Assert.All(
        Files(".js"),
        file => Assert.DoesNotMatch(HtmlSink(), File.ReadAllText(file)));

    [Fact]
    public void Pages_HaveNoInlineScriptsAndStyles_AndNoRawText() => Assert.All(
        Files(".razor"),
        file => Assert.DoesNotMatch(Inline(), File.ReadAllText(file)));

    [Fact]
    public void Files_NameNoOtherHost() => Assert.All(
        Files(".js", ".css", ".razor"),
        file => Assert.DoesNotMatch(OtherHost(), File.ReadAllText(file)));

    [Fact]
    public void Lines_AreShort_AndFilesToo() => Assert.All(Files(".js", ".css", ".razor"), file =>
    {
        var lines = File.ReadAllLines(file);
        Assert.InRange(lines.Length, 0, 400);
        Assert.All(lines, line => Assert.InRange(line.Length, 0, 120));
    });

    private static long CompressedBytes(string file)
    {
        using var compressed = new MemoryStream();
        using (var gzip = new GZipStream(compressed, CompressionLevel.SmallestSize, leaveOpen: true))
        {
            gzip.Write(File.ReadAllBytes(file));
        }

        return compressed.Length;
    }

    [GeneratedRegex(@"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|setHTML|DOMParser")]
    private static partial Regex HtmlSink();

    [GeneratedRegex(@"MarkupString|<style|\sstyle=|\son[a-z]+=|<script(?![^>]*\bsrc=)")]
    private static partial Regex Inline();

    [GeneratedRegex(@"https?://(?!www\.w3\.org/)|[""'(]//")]
    private static partial Regex OtherHost();
}
