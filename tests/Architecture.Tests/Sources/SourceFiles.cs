using System.Text.RegularExpressions;
using ForegSyte.Testing;

namespace ForegSyte.Architecture.Tests.Sources;

/// <summary>The source files, without build outputs.</summary>
internal static partial class SourceFiles
{
    private static readonly string[] Folders = ["clients", "eng", "examples", "protos", "src", "tests"];
    private static readonly string[] Extensions = [".cs", ".proto"];
    private static readonly string[] BuildOutputs = ["bin", "obj", "node_modules"];

    /// <summary>Paths relative to the repository, with slashes.</summary>
    public static IEnumerable<string> Paths() => Folders
        .SelectMany(folder => Directory.EnumerateFiles(
            Path.Combine(RepositoryFiles.Root, folder), "*", SearchOption.AllDirectories))
        .Where(file => Extensions.Contains(Path.GetExtension(file)))
        .Select(file => Path.GetRelativePath(RepositoryFiles.Root, file).Replace('\\', '/'))
        .Where(path => !path.Split('/').Intersect(BuildOutputs).Any())
        .Order(StringComparer.Ordinal);

    /// <summary>The text of a file of <see cref="Paths"/>.</summary>
    public static string Read(string path) => File.ReadAllText(Path.Combine(RepositoryFiles.Root, path));

    /// <summary>The top-level classes of a file, each with the text up to the next class.</summary>
    public static IEnumerable<(string Class, string Text)> ClassesIn(string text)
    {
        var classes = TopLevelClass().Matches(text).ToList();
        return classes.Select((match, index) => (
            match.Groups["name"].Value,
            text[match.Index..(index + 1 < classes.Count ? classes[index + 1].Index : text.Length)]));
    }

    [GeneratedRegex(
        @"^(?:(?:public|internal|abstract|sealed|static|partial) )+class (?<name>\w+)", RegexOptions.Multiline)]
    private static partial Regex TopLevelClass();
}
