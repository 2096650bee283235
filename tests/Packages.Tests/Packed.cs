using System.IO.Compression;
using CliWrap;
using CliWrap.Buffered;
using ForegSyte.Testing;

namespace ForegSyte.Packages.Tests;

/// <summary>
/// The packages, created by eng/pack.sh from the build of the tests, and the tool, installed with the commands of its
/// README in an empty home folder.
/// </summary>
public sealed class Packed : IAsyncLifetime
{
    private readonly TemporaryFolder _folder = new();

    /// <summary>Folder in which a user runs the commands of the READMEs; the packages are in out/packages.</summary>
    public string Checkout => _folder.File("checkout");

    /// <summary>Folder of the packages.</summary>
    public string Feed => Path.Combine(Checkout, "out", "packages");

    /// <summary>The user's home folder.</summary>
    public string Home => _folder.File("home");

    /// <summary>Path of the installed program; by name, .NET would start the build output beside the tests.</summary>
    public string Tool => Path.Combine(Home, ".dotnet", "tools", "foregsyte");

    /// <summary>
    /// Environment variables of a user with an empty home folder, so that no cache supplies an older package of the
    /// same version.
    /// </summary>
    public IReadOnlyDictionary<string, string?> Variables => new Dictionary<string, string?>
    {
        ["HOME"] = Home,
        ["DOTNET_NOLOGO"] = "1",
        ["DOTNET_GENERATE_ASPNET_CERTIFICATE"] = "0",
        ["PATH"] = $"{Path.GetDirectoryName(Tool)}:{Environment.GetEnvironmentVariable("PATH")}",
    };

    /// <summary>The version of all packages.</summary>
    public string Version => Path.GetFileNameWithoutExtension(
        Directory.GetFiles(Feed, "ForegSyte.Client.*.nupkg").Single())["ForegSyte.Client.".Length..];

    /// <summary>Opens a package: "nupkg", or "snupkg" with its symbols.</summary>
    public ZipArchive Open(string id, string kind = "nupkg") =>
        ZipFile.OpenRead(Directory.GetFiles(Feed, $"{id}.*.{kind}").Single());

    /// <inheritdoc />
    public async ValueTask InitializeAsync()
    {
        var configuration = new DirectoryInfo(AppContext.BaseDirectory).Parent!.Name;
        Directory.CreateDirectory(Home);
        await Shell.RunAsync(
            RepositoryFiles.Root,
            new Dictionary<string, string?> { ["CONFIGURATION"] = configuration },
            "bash", "eng/pack.sh", "--no-build", Feed);
        await Shell.RunAsync(
            Checkout, Variables, "bash", "-euc", await ReadmeBlocks.InstallCommandsAsync("CommandLine"));
    }

    /// <inheritdoc />
    public ValueTask DisposeAsync()
    {
        _folder.Dispose();
        return ValueTask.CompletedTask;
    }
}

/// <summary>Tests that use the packages and running services, one after the other.</summary>
[CollectionDefinition(Name)]
public sealed class PackedCollection : ICollectionFixture<Packed>, ICollectionFixture<PackedCollection.RunningServices>
{
    public const string Name = "packages";

    /// <summary>Both services as processes.</summary>
    public sealed class RunningServices : IAsyncLifetime
    {
        public Installation Services { get; } = new();

        public async ValueTask InitializeAsync() => await Services.StartAsync();

        public ValueTask DisposeAsync() => Services.DisposeAsync();
    }
}

/// <summary>Runs programs.</summary>
internal static class Shell
{
    /// <summary>Runs a program, requires exit code 0, and returns its standard output.</summary>
    public static async Task<string> RunAsync(
        string folder, IReadOnlyDictionary<string, string?> variables, string program, params string[] arguments)
    {
        var run = await Cli.Wrap(program)
            .WithArguments(arguments)
            .WithWorkingDirectory(folder)
            .WithEnvironmentVariables(variables)
            .WithValidation(CommandResultValidation.None)
            .ExecuteBufferedAsync(TestContext.Current.CancellationToken);
        Assert.True(
            run.ExitCode == 0,
            $"{program} {string.Join(' ', arguments)} exited with {run.ExitCode}.\n"
            + $"{run.StandardOutput}\n{run.StandardError}");
        return run.StandardOutput;
    }
}
