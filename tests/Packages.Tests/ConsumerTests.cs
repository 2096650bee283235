using ForegSyte.Testing;

namespace ForegSyte.Packages.Tests;

/// <summary>
/// A new project outside the repository, with the package installed by the commands of its README and the code of the
/// READMEs as its program.
/// </summary>
[Collection(PackedCollection.Name)]
public sealed class ConsumerTests(Packed packed, PackedCollection.RunningServices running)
{
    [Fact]
    public async Task Run_ProgramOfTheReadme_SubmitsWaitsAndReadsAPage()
    {
        using var folder = new TemporaryFolder();
        await Shell.RunAsync(
            packed.Checkout, packed.Variables, "bash", "-euc", await ReadmeBlocks.InstallCommandsAsync("Sdk"));
        var project = Path.Combine(packed.Home, "hello");
        await WriteProgramAsync(project);
        await Clips.MakeTestPictureAsync(Path.Combine(project, "video.mp4"), frames: 5);
        await File.WriteAllTextAsync(folder.File("key"), "fgs_any.key", TestContext.Current.CancellationToken);

        await Shell.RunAsync(
            project, packed.Variables,
            "dotnet", "build", "-c", "Debug", "--nologo", "-v", "quiet", "-tl:off",
            // Build servers would outlive the test and keep the folder open.
            "-p:UseSharedCompilation=false", "-nodeReuse:false");
        var output = await Shell.RunAsync(
            project,
            new Dictionary<string, string?>
            {
                ["ForegSyte__Address"] = running.Services.JobAddress.ToString(),
                ["ForegSyte__Credentials__ApiKeyFile"] = folder.File("key"),
                ["XDG_STATE_HOME"] = folder.File("state"),
                ["Logging__LogLevel__Default"] = "Trace",
            },
            "dotnet", Path.Combine(project, "bin", "Debug", "net10.0", "hello.dll"));

        Assert.Contains("Completed: 5 frames on the first page", output, StringComparison.Ordinal);
        Assert.DoesNotContain("fgs_any.key", output, StringComparison.Ordinal);
    }

    /// <summary>Writes the application of the client's README as the program, and compiles every other block.</summary>
    private static async Task WriteProgramAsync(string project)
    {
        var client = ReadmeBlocks.CSharp(await ReadmeBlocks.ReadAsync("src", "Client", "Sdk", "README.md"));
        var others = client.Where(block => !IsApplication(block))
            .Concat(ReadmeBlocks.CSharp(await ReadmeBlocks.ReadAsync("src", "Protocol", "README.md")))
            .Concat(ReadmeBlocks.CSharp(await ReadmeBlocks.ReadAsync("README.md")));
        var files = new Dictionary<string, string>
        {
            ["Program.cs"] = client.Single(IsApplication),
            ["Directory.Build.props"] =
                """
                <Project>
                  <PropertyGroup>
                    <TreatWarningsAsErrors>true</TreatWarningsAsErrors>
                    <NuGetAudit>false</NuGetAudit>
                  </PropertyGroup>
                  <ItemGroup>
                    <FrameworkReference Include="Microsoft.AspNetCore.App" />
                  </ItemGroup>
                </Project>
                """,
        };
        foreach (var (index, block) in others.Index())
        {
            files[$"Block{index}.cs"] = ReadmeBlocks.AsMethod(block, $"Block{index}");
        }

        foreach (var (name, text) in files)
        {
            await File.WriteAllTextAsync(
                Path.Combine(project, name), text, TestContext.Current.CancellationToken);
        }
    }

    private static bool IsApplication(string block) => block.Contains("Host.Create", StringComparison.Ordinal);
}
