using CliWrap;
using CliWrap.Buffered;
using ForegSyte.Testing;

namespace ForegSyte.Contracts.Tests;

/// <summary>Programs of the repository that need buf.</summary>
internal static class Buf
{
    /// <summary>Skips the test, visibly, where buf is not installed.</summary>
    public static void SkipUnlessInstalled() => Assert.SkipUnless(
        File.Exists(Path.Combine(RepositoryFiles.Root, "node_modules", ".bin", "buf")),
        "buf is not installed; eng/setup.sh --lint installs it.");

    /// <summary>Runs a line of bash in a folder and returns what it printed and its exit code, whatever that is.</summary>
    public static async Task<BufferedCommandResult> BashAsync(string line, string folder)
    {
        SkipUnlessInstalled();
        return await Cli.Wrap("bash")
            .WithArguments(["-c", line])
            .WithWorkingDirectory(folder)
            .WithValidation(CommandResultValidation.None)
            .ExecuteBufferedAsync(TestContext.Current.CancellationToken);
    }
}
