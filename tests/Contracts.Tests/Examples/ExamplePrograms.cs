using CliWrap;
using CliWrap.Buffered;
using ForegSyte.Testing;

namespace ForegSyte.Contracts.Tests.Examples;

/// <summary>
/// The examples' programs, made ready by eng/examples.sh from the contracts as they are: stubs are generated, C++ is
/// compiled. A language whose tools are missing here is skipped, visibly.
/// </summary>
public sealed class ExamplePrograms
{
    // What eng/examples.sh answers where a tool is missing.
    private const int ToolMissing = 2;

    private readonly Dictionary<string, BufferedCommandResult> _made = [];

    /// <summary>Runs a program of a language with these arguments and returns what it came to.</summary>
    public async Task<BufferedCommandResult> RunAsync(
        Language language, Func<Language, string[]> program, params IEnumerable<string> arguments)
    {
        await MakeOrSkipAsync(language.Name);
        string[] words = [.. program(language), .. arguments];
        return await Command(words[0], words[1..]);
    }

    private async Task MakeOrSkipAsync(string language)
    {
        if (!_made.TryGetValue(language, out var made))
        {
            // The C# program was built together with the tests.
            _made[language] = made = language == "csharp"
                ? await Command("true")
                : await Command("bash", "eng/examples.sh", language);
        }

        Assert.SkipWhen(made.ExitCode == ToolMissing, made.StandardError.Trim());
        Assert.True(made.ExitCode == 0, made.StandardError);
    }

    private static Task<BufferedCommandResult> Command(string program, params string[] arguments) => Cli
        .Wrap(Path.Combine(RepositoryFiles.Root, program) is var own && File.Exists(own) ? own : program)
        .WithArguments(arguments)
        .WithWorkingDirectory(RepositoryFiles.Root)
        .WithEnvironmentVariables(environment => environment
            .Set("PYTHONPATH", Path.Combine(RepositoryFiles.Root, "examples", "python", "stubs"))
            .Set("PYTHONDONTWRITEBYTECODE", "1"))
        .WithValidation(CommandResultValidation.None)
        .ExecuteBufferedAsync(TestContext.Current.CancellationToken);
}
