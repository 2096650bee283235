using System.IO.Compression;
using System.Reflection.Metadata;
using System.Xml.Linq;

namespace ForegSyte.Packages.Tests;

/// <summary>Content and dependencies of the packages.</summary>
[Collection(PackedCollection.Name)]
public sealed class ContentTests(Packed packed)
{
    // Defined by the portable PDB format.
    private static readonly Guid EmbeddedSource = new("0e8a571b-6926-466e-b4ad-8ab04611f5fe");

    [Theory]
    [InlineData("ForegSyte.Protocol", "lib/net10.0/ForegSyte.Protocol.dll", "lib/net10.0/ForegSyte.Protocol.xml")]
    [InlineData("ForegSyte.Exports", "lib/net10.0/ForegSyte.Exports.dll", "lib/net10.0/ForegSyte.Exports.xml")]
    [InlineData("ForegSyte.Client", "lib/net10.0/ForegSyte.Client.dll", "lib/net10.0/ForegSyte.Client.xml")]
    [InlineData("ForegSyte.CommandLine", "tools/net10.0/any/foregsyte.dll", "tools/net10.0/any/DotnetToolSettings.xml")]
    public void Package_HasAssemblyReadmeAndLicense(string id, params string[] files)
    {
        using var package = packed.Open(id);

        Assert.Superset(
            new HashSet<string>([.. files, "README.md"]),
            package.Entries.Select(entry => entry.FullName).ToHashSet());
        var metadata = MetadataOf(package);
        Assert.Equal("README.md", Value(metadata, "readme"));
        Assert.Equal("Apache-2.0", Value(metadata, "license"));
        Assert.StartsWith("The ", Value(metadata, "description"), StringComparison.Ordinal);
    }

    [Fact]
    public void Client_DependsOnItsProtocolVersionAndLibraries()
    {
        using var package = packed.Open("ForegSyte.Client");

        var dependencies = MetadataOf(package).Descendants()
            .Where(element => element.Name.LocalName == "dependency")
            .ToDictionary(element => element.Attribute("id")!.Value, element => element.Attribute("version")!.Value);

        Assert.Equal(packed.Version, dependencies["ForegSyte.Protocol"]);

        // The client calls internal methods of ForegSyte.Exports, which another version can lack.
        Assert.Equal($"[{packed.Version}]", dependencies["ForegSyte.Exports"]);
        Assert.Equal(
            [
                "ForegSyte.Exports", "ForegSyte.Protocol", "Grpc.Net.Client", "Grpc.StatusProto",
                "Microsoft.Extensions.DependencyInjection.Abstractions", "Microsoft.Extensions.Logging.Abstractions",
                "Microsoft.Extensions.Options",
            ],
            dependencies.Keys.Order());
    }

    [Theory]
    [InlineData("ForegSyte.Protocol", "/Job.cs")]
    [InlineData("ForegSyte.Exports", "/ExportOptions.cs")]
    [InlineData("ForegSyte.Client", "/ForegSyteClient.cs")]
    public async Task Symbols_ContainTheSources(string id, string source)
    {
        using var package = packed.Open(id, "snupkg");
        using var symbols = new MemoryStream();
        await using (var entry = await package.GetEntry($"lib/net10.0/{id}.pdb")!
            .OpenAsync(TestContext.Current.CancellationToken))
        {
            await entry.CopyToAsync(symbols, TestContext.Current.CancellationToken);
        }

        symbols.Position = 0;
        using var provider = MetadataReaderProvider.FromPortablePdbStream(symbols);
        var reader = provider.GetMetadataReader();
        Assert.Contains(
            from information in reader.CustomDebugInformation.Select(reader.GetCustomDebugInformation)
            where reader.GetGuid(information.Kind) == EmbeddedSource
            select reader.GetString(reader.GetDocument((DocumentHandle)information.Parent).Name),
            name => name.Replace('\\', '/').EndsWith(source, StringComparison.Ordinal));
    }

    private static XElement MetadataOf(ZipArchive package)
    {
        using var text = package.Entries
            .Single(entry => entry.Name.EndsWith(".nuspec", StringComparison.Ordinal))
            .Open();
        return XDocument.Load(text).Root!.Elements().Single();
    }

    private static string Value(XElement metadata, string name) =>
        metadata.Elements().Single(element => element.Name.LocalName == name).Value;
}
