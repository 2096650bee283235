using System.Reflection;
using System.Xml.Linq;
using ForegSyte.Testing;

namespace ForegSyte.Architecture.Tests.Layers;

/// <summary>Services and client share only Protocol and never reference each other.</summary>
public sealed class ProjectReferencesTests
{
    // The assembly of the command line has the name of its command.
    private static readonly string[] Programs = ["ForegSyte.JobService", "ForegSyte.InferenceService", "foregsyte"];

    [Fact]
    public void Projects_ReferenceWhatTheTableSays() => Findings.AssertNone(ProjectReferences.Differences(
        Layering.Projects,
        ProjectReferences.Read(Path.Combine(RepositoryFiles.Root, "src"))));

    [Fact]
    public void Assemblies_OfServicesAndClient_DoNotReferenceEachOther()
    {
        Assert.Equal(
            ["ForegSyte.Exports", "ForegSyte.Hosting", "ForegSyte.Protocol", "ForegSyte.Web"],
            OwnReferences("ForegSyte.JobService"));
        Assert.Equal(["ForegSyte.Hosting", "ForegSyte.Protocol"], OwnReferences("ForegSyte.Web"));
        Assert.Equal(
            ["ForegSyte.Annotation", "ForegSyte.Hosting", "ForegSyte.Protocol", "ForegSyte.Video"],
            OwnReferences("ForegSyte.InferenceService"));
        Assert.Equal(
            ["ForegSyte.Annotation", "ForegSyte.Client", "ForegSyte.Exports", "ForegSyte.Protocol", "ForegSyte.Video"],
            OwnReferences("foregsyte"));
        Assert.Equal(["ForegSyte.Exports", "ForegSyte.Protocol"], OwnReferences("ForegSyte.Client"));
        Assert.Equal(["ForegSyte.Protocol"], OwnReferences("ForegSyte.Exports"));
        Assert.Equal(["ForegSyte.Protocol"], OwnReferences("ForegSyte.Hosting"));
        Assert.Equal(["ForegSyte.Protocol"], OwnReferences("ForegSyte.Video"));
        Assert.Equal(["ForegSyte.Protocol", "ForegSyte.Video"], OwnReferences("ForegSyte.Annotation"));
        Assert.Empty(OwnReferences("ForegSyte.Protocol"));
    }

    [Fact]
    public void OwnReferences_OfThisAssembly_AreFound() =>
        Assert.Equal(
            ["ForegSyte.Hosting", "ForegSyte.Protocol", "ForegSyte.Testing", "ForegSyte.Video"],
            OwnReferences("ForegSyte.Architecture.Tests").Except(Programs));

    [Fact]
    public void Differences_WrongReferences_AreReported()
    {
        var table = new Dictionary<string, string[]> { ["A"] = ["B"], ["B"] = [], ["C"] = [] };
        var project = XDocument.Parse(
            """<Project><ItemGroup><ProjectReference Include="../x/D.csproj" /></ItemGroup></Project>""");
        var projects = new Dictionary<string, string[]>
        {
            ["A"] = [],
            ["B"] = ProjectReferences.References(project),
            ["D"] = [],
        };
        Assert.Equal(
            ["D is not in the table.", "C is in the table only.", "B references D.", "A does not need B."],
            ProjectReferences.Differences(table, projects));
    }

    private static IEnumerable<string> OwnReferences(string assembly) => Assembly.Load(assembly)
        .GetReferencedAssemblies()
        .Select(name => name.Name!)
        .Where(name => name.StartsWith("foregsyte", StringComparison.OrdinalIgnoreCase))
        .Order(StringComparer.Ordinal);
}

/// <summary>Reads the references between projects from their files.</summary>
internal static class ProjectReferences
{
    /// <summary>Reads the projects under the folders.</summary>
    /// <returns>The referenced projects, by the name of the project.</returns>
    public static SortedDictionary<string, string[]> Read(params IEnumerable<string> folders) => new(
        folders.SelectMany(folder => Directory.EnumerateFiles(folder, "*.csproj", SearchOption.AllDirectories))
            .ToDictionary(NameOf, file => References(XDocument.Load(file))),
        StringComparer.Ordinal);

    /// <summary>The references of one project file.</summary>
    public static string[] References(XDocument project) =>
    [
        .. project.Descendants("ProjectReference")
            .Select(reference => NameOf(reference.Attribute("Include")!.Value))
            .Order(StringComparer.Ordinal),
    ];

    /// <summary>Differences from the table, one sentence each.</summary>
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
