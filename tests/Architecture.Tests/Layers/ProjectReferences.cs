using System.Xml.Linq;

namespace ForegSyte.Architecture.Tests.Layers;

/// <summary>The references between the projects, as their files state them.</summary>
internal static class ProjectReferences
{
    /// <summary>Reads the projects under the folders.</summary>
    /// <returns>By the name of the project: the names of those that it references.</returns>
    public static SortedDictionary<string, string[]> Read(params IEnumerable<string> folders) => new(
        folders.SelectMany(folder => Directory.EnumerateFiles(folder, "*.csproj", SearchOption.AllDirectories))
            .ToDictionary(NameOf, file => References(XDocument.Load(file))),
        StringComparer.Ordinal);

    /// <summary>The projects that a project file names.</summary>
    public static string[] References(XDocument project) =>
    [
        .. project.Descendants("ProjectReference")
            .Select(reference => NameOf(reference.Attribute("Include")!.Value))
            .Order(StringComparer.Ordinal),
    ];

    /// <summary>What differs from the table, a sentence each.</summary>
    public static IReadOnlyList<string> Differences(
        IReadOnlyDictionary<string, string[]> table, IReadOnlyDictionary<string, string[]> projects) =>
    [
        .. projects.Keys.Except(table.Keys).Select(name => $"{name} is not in the table."),
        .. table.Keys.Except(projects.Keys).Select(name => $"{name} is in the table only."),
        .. projects.Where(project => table.ContainsKey(project.Key)).SelectMany(project => project.Value
            .Except(table[project.Key]).Select(other => $"{project.Key} references {other}.")),
        .. table.Where(line => projects.ContainsKey(line.Key)).SelectMany(line => line.Value
            .Except(projects[line.Key]).Select(other => $"{line.Key} does not need {other}.")),
    ];

    private static string NameOf(string path) => Path.GetFileNameWithoutExtension(path.Replace('\\', '/'));
}
