using ForegSyte.Testing;

namespace ForegSyte.Packages.Tests;

/// <summary>
/// A new project outside the repository takes the package, with the code of the packages' READMEs as its program, and
/// analyses a video with running services.
/// </summary>
[Collection(PackedCollection.Name)]
public sealed class ConsumerTests(Packed packed, PackedCollection.RunningServices running)
{
    [Fact]
    public async Task Run_ProgramOfTheReadme_SubmitsWaitsAndPages()
    {
        using var folder = new TemporaryFolder();
        await WriteProjectAsync(folder);
        await Clips.MakeTestPictureAsync(folder.File("video.mp4"), frames: 5);
        await File.WriteAllTextAsync(folder.File("key"), "fgs_any.key", TestContext.Current.CancellationToken);

        await Shell.RunAsync(
            folder.Path, packed.Variables,
            "dotnet", "build", "-c", "Debug", "--nologo", "-v", "quiet", "-tl:off",
            // Nothing that stays behind and holds the folder.
            "-p:UseSharedCompilation=false", "-nodeReuse:false");
        var output = await Shell.RunAsync(
            folder.Path,
            new Dictionary<string, string?>
            {
                ["ForegSyte__Address"] = running.Services.JobAddress.ToString(),
                ["ForegSyte__Credentials__ApiKeyFile"] = folder.File("key"),
                ["XDG_STATE_HOME"] = folder.File("state"),
                ["Logging__LogLevel__Default"] = "Trace",
            },
            "dotnet", folder.File("bin", "Debug", "net10.0", "consumer.dll"));

        Assert.Contains("Completed: 5 frames on the first page", output, StringComparison.Ordinal);
        Assert.DoesNotContain("fgs_any.key", output, StringComparison.Ordinal);
    }

    private async Task WriteProjectAsync(TemporaryFolder folder)
    {
        var client = ReadmeBlocks.Of(await ReadAsync("src", "Client", "Sdk", "README.md"));
        var others = client.Where(block => !block.Contains("Host.Create", StringComparison.Ordinal))
            .Concat(ReadmeBlocks.Of(await ReadAsync("src", "Protocol", "README.md")))
            .Concat(ReadmeBlocks.Of(await ReadAsync("README.md")));
        var files = new Dictionary<string, string>
        {
            ["consumer.csproj"] = $"""
                <Project Sdk="Microsoft.NET.Sdk">
                  <PropertyGroup>
                    <OutputType>Exe</OutputType>
                    <TargetFramework>net10.0</TargetFramework>
                    <Nullable>enable</Nullable>
                    <ImplicitUsings>enable</ImplicitUsings>
                    <TreatWarningsAsErrors>true</TreatWarningsAsErrors>
                    <NuGetAudit>false</NuGetAudit>
                    <RestoreAdditionalProjectSources>{packed.Feed}</RestoreAdditionalProjectSources>
                  </PropertyGroup>
                  <ItemGroup>
                    <FrameworkReference Include="Microsoft.AspNetCore.App" />
                    <PackageReference Include="ForegSyte.Client" Version="{packed.Version}" />
                  </ItemGroup>
                </Project>
                """,
            ["Program.cs"] = client.Single(block => block.Contains("Host.Create", StringComparison.Ordinal)),
        };
        foreach (var (index, block) in others.Index())
        {
            files[$"Block{index}.cs"] = ReadmeBlocks.AsMethod(block, $"Block{index}");
        }

        foreach (var (name, text) in files)
        {
            await File.WriteAllTextAsync(folder.File(name), text, TestContext.Current.CancellationToken);
        }
    }

    private static Task<string> ReadAsync(params string[] path) => File.ReadAllTextAsync(
        Path.Combine([RepositoryFiles.Root, .. path]), TestContext.Current.CancellationToken);
}
