using System.Diagnostics;
using ForegSyte.Testing;

namespace ForegSyte.Architecture.Tests.Deployment;

/// <summary>deploy/Dockerfile passes its linter. The tests do not build it.</summary>
public sealed class DockerfileTests
{
    private static readonly string Linter =
        Path.Combine(RepositoryFiles.Root, "node_modules", ".bin", "dockerfile-utils");

    private static readonly string Dockerfile = Path.Combine(RepositoryFiles.Root, "deploy", "Dockerfile");

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Dockerfile_PassesTheLinter()
    {
        Assert.SkipUnless(File.Exists(Linter), "dockerfile-utils is missing (eng/setup.sh --test).");
        Assert.Equal((0, ""), await LintAsync(Dockerfile));
    }

    [Fact]
    public async Task Linter_Mistake_IsFound()
    {
        Assert.SkipUnless(File.Exists(Linter), "dockerfile-utils is missing (eng/setup.sh --test).");
        using var folder = new TemporaryFolder();
        var planted = folder.File("Dockerfile");
        var text = await File.ReadAllTextAsync(Dockerfile, Token);
        await File.WriteAllTextAsync(
            planted, text.Replace("EXPOSE 5200", "EXPOSE fifty", StringComparison.Ordinal), Token);

        var (exitCode, output) = await LintAsync(planted);

        Assert.NotEqual(0, exitCode);
        Assert.Contains("fifty", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Inference_DoesNotStartWithoutTheSandbox() => Assert.Contains(
        "FOREGSYTE_Video__Sandbox=Required", await File.ReadAllTextAsync(Dockerfile, Token), StringComparison.Ordinal);

    private static async Task<(int ExitCode, string Output)> LintAsync(string path)
    {
        using var process = Process.Start(new ProcessStartInfo(Linter, ["lint", path])
        {
            RedirectStandardError = true,
            RedirectStandardOutput = true,
        })!;
        var output = await process.StandardOutput.ReadToEndAsync(Token)
            + await process.StandardError.ReadToEndAsync(Token);
        await process.WaitForExitAsync(Token);
        return (process.ExitCode, output.Trim());
    }
}
