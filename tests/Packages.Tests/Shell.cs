using CliWrap;
using CliWrap.Buffered;

namespace ForegSyte.Packages.Tests;

/// <summary>Programs as people start them.</summary>
internal static class Shell
{
    /// <summary>Runs a program that has to succeed and returns what it printed.</summary>
    public static async Task<string> RunAsync(
        string folder, IReadOnlyDictionary<string, string?> variables, string program, params string[] arguments)
    {
        var run = await Cli.Wrap(program)
            .WithArguments(arguments)
            .WithWorkingDirectory(folder)
            .WithEnvironmentVariables(variables)
            .WithValidation(CommandResultValidation.None)
            .ExecuteBufferedAsync(TestContext.Current.CancellationToken);
        Assert.True(
            run.ExitCode == 0,
            $"{program} {string.Join(' ', arguments)} ended with {run.ExitCode}.\n"
            + $"{run.StandardOutput}\n{run.StandardError}");
        return run.StandardOutput;
    }
}
