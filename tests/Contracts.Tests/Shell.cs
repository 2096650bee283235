using CliWrap;
using CliWrap.Buffered;
using ForegSyte.Testing;

namespace ForegSyte.Contracts.Tests;

/// <summary>Lines of bash, as people paste them.</summary>
internal static class Shell
{
    /// <summary>buf, as package.json brings it, or a visible skip.</summary>
    public static string BufOrSkip()
    {
        var buf = Path.Combine(RepositoryFiles.Root, "node_modules", ".bin", "buf");
        Assert.SkipUnless(File.Exists(buf), "buf is not installed; eng/setup.sh --lint installs it.");
        return buf;
    }

    /// <summary>Runs lines in a folder and returns what they printed and the exit code, whatever that is.</summary>
    public static async Task<BufferedCommandResult> RunAsync(string lines, string folder) => await Cli.Wrap("bash")
        .WithArguments(["-c", lines])
        .WithWorkingDirectory(folder)
        .WithValidation(CommandResultValidation.None)
        .ExecuteBufferedAsync(TestContext.Current.CancellationToken);
}
