using ForegSyte.Testing;

namespace ForegSyte.Architecture.Tests.Sources;

/// <summary>The source files that people write; what a build makes or installs is not among them.</summary>
internal static class SourceFiles
{
    private static readonly string[] Folders = ["eng", "examples", "protos", "src", "tests"];
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
}
