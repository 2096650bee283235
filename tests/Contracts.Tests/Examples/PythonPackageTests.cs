using System.Text.RegularExpressions;
using ForegSyte.Testing;

namespace ForegSyte.Contracts.Tests.Examples;

/// <summary>
/// The Python package: eng/python.sh builds the wheel, checks its types and runs clients/python/tests (pytest) against
/// services of their own.
/// </summary>
public sealed class PythonPackageTests(ITestOutputHelper output)
{
    // Exit code of eng/python.sh if a tool is missing.
    private const int ToolMissing = 2;

    [Fact]
    [TestTimeLimit(20)]
    public async Task Tests_OfThePackage_Pass()
    {
        var configuration = new DirectoryInfo(AppContext.BaseDirectory).Parent!.Name;

        var run = await Shell.RunAsync(
            "eng/python.sh --test -q 2>&1",
            RepositoryFiles.Root,
            new Dictionary<string, string?> { ["CONFIGURATION"] = configuration });

        output.WriteLine(run.StandardOutput);
        Assert.SkipWhen(run.ExitCode == ToolMissing, run.StandardOutput.Trim());
        Assert.True(run.ExitCode == 0, run.StandardOutput);
        Assert.Matches(new Regex("[0-9]{2,} passed"), run.StandardOutput);
    }
}
