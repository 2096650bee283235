using System.IO.Compression;
using ForegSyte.Testing;

namespace ForegSyte.Packages.Tests;

/// <summary>
/// The packages, made by eng/pack.sh from what was built for the tests, and the tool installed from them.
/// </summary>
public sealed class Packed : IAsyncLifetime
{
    private readonly TemporaryFolder _folder = new();

    /// <summary>The folder with the packages: a feed.</summary>
    public string Feed => _folder.File("feed");

    /// <summary>The folder with the installed program foregsyte.</summary>
    public string Tools => _folder.File("tools");

    /// <summary>The installed program. By its name alone .NET would start the one beside these tests.</summary>
    public string Tool => Path.Combine(Tools, "foregsyte");

    /// <summary>
    /// What nobody's own caches and settings get into: a package of the same version that was restored before must not
    /// stand in for the one under test.
    /// </summary>
    public IReadOnlyDictionary<string, string?> Variables => new Dictionary<string, string?>
    {
        ["NUGET_PACKAGES"] = _folder.File("packages"),
        ["DOTNET_CLI_HOME"] = _folder.Path,
        ["DOTNET_NOLOGO"] = "1",
        ["DOTNET_GENERATE_ASPNET_CERTIFICATE"] = "0",
        ["DOTNET_ADD_GLOBAL_TOOLS_TO_PATH"] = "0",
        ["PATH"] = $"{Tools}:{Environment.GetEnvironmentVariable("PATH")}",
    };

    /// <summary>Opens a package of an id: "nupkg", or "snupkg" with its symbols.</summary>
    public ZipArchive Open(string id, string kind = "nupkg") =>
        ZipFile.OpenRead(Directory.GetFiles(Feed, $"{id}.*.{kind}").Single());

    /// <summary>The version that all packages have.</summary>
    public string Version => Path.GetFileNameWithoutExtension(
        Directory.GetFiles(Feed, "ForegSyte.Client.*.nupkg").Single())["ForegSyte.Client.".Length..];

    /// <inheritdoc />
    public async ValueTask InitializeAsync()
    {
        var configuration = new DirectoryInfo(AppContext.BaseDirectory).Parent!.Name;
        await Shell.RunAsync(
            RepositoryFiles.Root,
            new Dictionary<string, string?> { ["CONFIGURATION"] = configuration },
            "bash", "eng/pack.sh", "--no-build", Feed);
        await Shell.RunAsync(
            _folder.Path, Variables,
            "dotnet", "tool", "install", "ForegSyte.CommandLine", "--tool-path", Tools, "--source", Feed);
    }

    /// <inheritdoc />
    public ValueTask DisposeAsync()
    {
        _folder.Dispose();
        return ValueTask.CompletedTask;
    }
}
