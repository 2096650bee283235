using System.ComponentModel;
using System.Diagnostics;
using ForegSyte.Testing;

namespace ForegSyte.Architecture.Tests.Deployment;

/// <summary>
/// deploy/compose/cluster.yaml fits the schema of Compose files, by Docker's client, which needs no engine for that.
/// The tests do not run it.
/// </summary>
public sealed class ComposeTests
{
    private static readonly string ComposeFile =
        Path.Combine(RepositoryFiles.Root, "deploy", "compose", "cluster.yaml");

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task File_FitsTheSchema()
    {
        var (exitCode, output) = await CheckAsync(ComposeFile);

        Assert.True(exitCode == 0, output);
        Assert.Contains("FOREGSYTE_Node__Name: jobservice-2", output, StringComparison.Ordinal);
        Assert.Contains("FOREGSYTE_Store: PostgreSql", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task File_UnknownProperty_IsFound()
    {
        using var folder = new TemporaryFolder();
        var planted = folder.File("cluster.yaml");
        var text = await File.ReadAllTextAsync(ComposeFile, Token);
        await File.WriteAllTextAsync(
            planted, text.Replace("read_only:", "read_onyl:", StringComparison.Ordinal), Token);

        var (exitCode, output) = await CheckAsync(planted);

        Assert.NotEqual(0, exitCode);
        Assert.Contains("read_onyl", output, StringComparison.Ordinal);
    }

    private static async Task<(int ExitCode, string Output)> CheckAsync(string path)
    {
        using var process = Start(path);
        Assert.SkipWhen(process is null, "Docker's client is not installed.");
        var error = process.StandardError.ReadToEndAsync(Token);
        var output = await process.StandardOutput.ReadToEndAsync(Token) + await error;
        await process.WaitForExitAsync(Token);
        Assert.SkipWhen(
            output.Contains("is not a docker command", StringComparison.Ordinal), "Docker's client has no stacks.");
        return (process.ExitCode, output);
    }

    private static Process? Start(string path)
    {
        try
        {
            return Process.Start(new ProcessStartInfo("docker", ["stack", "config", "--compose-file", path])
            {
                RedirectStandardError = true,
                RedirectStandardOutput = true,
            });
        }
        catch (Win32Exception)
        {
            return null;
        }
    }
}
