using CliWrap;
using CliWrap.Buffered;
using Xunit;

namespace ForegSyte.Testing;

/// <summary>Runs bash.</summary>
public static class Shell
{
    /// <summary>Path of buf from package.json; skips the test if it is not installed.</summary>
    public static string BufOrSkip()
    {
        var buf = Path.Combine(RepositoryFiles.Root, "node_modules", ".bin", "buf");
        Assert.SkipUnless(File.Exists(buf), "buf is not installed; eng/setup.sh --lint installs it.");
        return buf;
    }

    /// <summary>Runs lines in a folder; returns their output and the exit code.</summary>
    public static async Task<BufferedCommandResult> RunAsync(
        string lines, string folder, IReadOnlyDictionary<string, string?>? environment = null) =>
        await Cli.Wrap("bash")
            .WithArguments(["-c", lines])
            .WithWorkingDirectory(folder)
            .WithEnvironmentVariables(environment ?? new Dictionary<string, string?>())
            .WithValidation(CommandResultValidation.None)
            .ExecuteBufferedAsync(TestContext.Current.CancellationToken);
}
