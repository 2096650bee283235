using ForegSyte.Testing;

namespace ForegSyte.Packages.Tests;

/// <summary>Versions of what is handed out, and the .deb packages of the last `make release`.</summary>
public sealed class ReleaseTests(ITestOutputHelper output)
{
    // Exit code of eng/debian-test.sh if the machine does not permit namespaces or overlays.
    private const int NotPermitted = 2;

    [Theory]
    [InlineData("", "1.2.3 1.2.3 1.2.3")]
    [InlineData("rc.1", "1.2.3-rc.1 1.2.3~rc.1 1.2.3rc1")]
    [InlineData("alpha.12", "1.2.3-alpha.12 1.2.3~alpha.12 1.2.3a12")]
    [InlineData("dev.20261130.93015", "1.2.3-dev.20261130.93015 1.2.3~dev.20261130.93015 1.2.3.dev20261130093015")]
    public async Task Version_WithSuffix_HasTheFormOfEachKindOfPackage(string suffix, string versions)
    {
        var run = await VersionAsync(suffix);

        Assert.Equal(versions, run.StandardOutput.Trim());
    }

    [Theory]
    [InlineData("beta")]
    [InlineData("rc.01")]
    [InlineData("1")]
    public async Task Version_WrongSuffix_IsRefused(string suffix)
    {
        var run = await VersionAsync(suffix);

        Assert.Equal(1, run.ExitCode);
        Assert.Contains($"not '{suffix}'", run.StandardError, StringComparison.Ordinal);
    }

    [Fact]
    [TestTimeLimit(20)]
    public async Task DebianPackages_Installed_RunAJobAndAreRemoved()
    {
        var release = Path.Combine(RepositoryFiles.Root, "out", "release");
        Assert.SkipUnless(
            Directory.Exists(release) && Directory.EnumerateFiles(release, "*.deb").Any(),
            "There are no .deb packages in out/release; make release builds them.");

        var run = await Testing.Shell.RunAsync("eng/debian-test.sh 2>&1", RepositoryFiles.Root);

        output.WriteLine(run.StandardOutput);
        Assert.SkipWhen(run.ExitCode == NotPermitted, run.StandardOutput.Trim());
        Assert.True(run.ExitCode == 0, run.StandardOutput);
    }

    private static async Task<CliWrap.Buffered.BufferedCommandResult> VersionAsync(string suffix)
    {
        using var folder = new TemporaryFolder();
        await File.WriteAllTextAsync(
            folder.File("Directory.Build.props"),
            "<Version>1.2.3</Version>\n",
            TestContext.Current.CancellationToken);
        return await Testing.Shell.RunAsync(
            $"source '{RepositoryFiles.Root}/eng/version.sh'; echo $package_version $debian_version $python_version",
            folder.Path,
            new Dictionary<string, string?> { ["VERSION_SUFFIX"] = suffix });
    }
}
