using System.Text.Json;
using System.Text.RegularExpressions;
using ForegSyte.Testing;

namespace ForegSyte.Architecture.Tests.Sources;

/// <summary>The versions and hashes of all packages are committed, and no registry with them.</summary>
public sealed partial class LockFileTests
{
    [Fact]
    public void NuGetLockFiles_EveryProject_HasOneWithHashes()
    {
        var projects = ProjectPath().Matches(File.ReadAllText(Path.Combine(RepositoryFiles.Root, "ForegSyte.sln")))
            .Select(match => Path.Combine(RepositoryFiles.Root, match.Groups["path"].Value.Replace('\\', '/')))
            .ToList();

        Assert.InRange(projects.Count, 20, int.MaxValue);
        Assert.All(projects, project =>
        {
            var path = Path.Combine(Path.GetDirectoryName(project)!, "packages.lock.json");
            using var json = JsonDocument.Parse(File.ReadAllText(path));
            var packages = json.RootElement.GetProperty("dependencies").EnumerateObject()
                .SelectMany(framework => framework.Value.EnumerateObject())
                .Where(package => package.Value.GetProperty("type").GetString() != "Project");
            Assert.All(
                packages, package => Assert.True(package.Value.TryGetProperty("contentHash", out _), package.Name));
            Assert.DoesNotContain("://", File.ReadAllText(path), StringComparison.Ordinal);
        });
    }

    [Fact]
    public void NpmLockFile_HasHashesAndNoRegistry()
    {
        using var json = JsonDocument.Parse(
            File.ReadAllText(Path.Combine(RepositoryFiles.Root, "package-lock.json")));
        var packages = json.RootElement.GetProperty("packages").EnumerateObject()
            .Where(package => package.Name.Length > 0)
            .ToList();

        Assert.InRange(packages.Count, 50, int.MaxValue);
        Assert.All(packages, package =>
        {
            Assert.True(package.Value.TryGetProperty("integrity", out _), package.Name);
            Assert.False(package.Value.TryGetProperty("resolved", out _), package.Name);
        });
    }

    [GeneratedRegex("\"(?<path>[^\"]+\\.csproj)\"")]
    private static partial Regex ProjectPath();
}
