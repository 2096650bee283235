using System.Reflection;
using System.Xml.Linq;
using ForegSyte.Testing;

namespace ForegSyte.Architecture.Tests.Layers;

/// <summary>Protocol comes first, and the services and the client never reference each other.</summary>
public sealed class ProjectReferencesTests
{
    // The file of the command line is named for what one types.
    private static readonly string[] Programs = ["ForegSyte.JobService", "ForegSyte.InferenceService", "foregsyte"];

    [Fact]
    public void Projects_ReferenceWhatTheTableSays() => Findings.AssertNone(ProjectReferences.Differences(
        Layering.Projects,
        ProjectReferences.Read(Path.Combine(RepositoryFiles.Root, "src"))));

    [Fact]
    public void Assemblies_OfServicesAndClient_DoNotKnowEachOther()
    {
        Assert.Equal(["ForegSyte.Hosting", "ForegSyte.Protocol"], OwnReferences("ForegSyte.JobService"));
        Assert.Equal(["ForegSyte.Hosting", "ForegSyte.Protocol"], OwnReferences("ForegSyte.InferenceService"));
        Assert.Equal(["ForegSyte.Client", "ForegSyte.Protocol"], OwnReferences("foregsyte"));
        Assert.Equal(["ForegSyte.Protocol"], OwnReferences("ForegSyte.Client"));
        Assert.Equal(["ForegSyte.Protocol"], OwnReferences("ForegSyte.Hosting"));
        Assert.Empty(OwnReferences("ForegSyte.Protocol"));
    }

    [Fact]
    public void OwnReferences_OfThisAssembly_AreFound() =>
        Assert.Equal(
            ["ForegSyte.Hosting", "ForegSyte.Protocol", "ForegSyte.Testing"],
            OwnReferences("ForegSyte.Architecture.Tests").Except(Programs));

    [Fact]
    public void Differences_PlantedReferences_AreReported()
    {
        var table = new Dictionary<string, string[]> { ["A"] = ["B"], ["B"] = [], ["C"] = [] };
        var planted = XDocument.Parse(
            """<Project><ItemGroup><ProjectReference Include="../x/D.csproj" /></ItemGroup></Project>""");
        var projects = new Dictionary<string, string[]>
        {
            ["A"] = [],
            ["B"] = ProjectReferences.References(planted),
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
