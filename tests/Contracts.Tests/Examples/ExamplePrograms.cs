using CliWrap;
using CliWrap.Buffered;
using ForegSyte.Testing;

namespace ForegSyte.Contracts.Tests.Examples;

/// <summary>
/// The example programs. eng/examples.sh generates their stubs from the current contracts and compiles C++. Tests of a
/// language without its tools are skipped.
/// </summary>
public sealed class ExamplePrograms
{
    // Exit code of eng/examples.sh if a tool is missing.
    private const int ToolMissing = 2;

    private readonly Dictionary<string, BufferedCommandResult> _prepared = [];

    /// <summary>Runs a program of a language with these arguments.</summary>
    public async Task<BufferedCommandResult> RunAsync(
        Language language, Func<Language, string[]> program, params IEnumerable<string> arguments)
    {
        await PrepareOrSkipAsync(language.Name);
        string[] words = [.. program(language), .. arguments];
        return await Command(words[0], words[1..]);
    }

    private async Task PrepareOrSkipAsync(string language)
    {
        if (!_prepared.TryGetValue(language, out var run))
        {
            // The C# program is built together with the tests.
            _prepared[language] = run = language == "csharp"
                ? await Command("true")
                : await Command("bash", "eng/examples.sh", language);
        }

        Assert.SkipWhen(run.ExitCode == ToolMissing, run.StandardError.Trim());
        Assert.True(run.ExitCode == 0, $"eng/examples.sh {language} failed: {run.StandardError}");
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

/// <summary>A language of the examples, with the commands of its programs.</summary>
/// <param name="Name">Its folder below examples.</param>
/// <param name="Analyze">Submits a video, waits, pages through the results, reads an error.</param>
/// <param name="Convert">Reads messages from JSON and writes them as JSON and protobuf.</param>
/// <param name="More">What only this language shows: zones, tracks or search.</param>
public sealed record Language(string Name, string[] Analyze, string[] Convert, string[] More)
{
    private const string Python = "/usr/bin/python3";

    /// <summary>All languages; the first one, C#, is the reference.</summary>
    public static readonly IReadOnlyList<Language> All =
    [
        new("csharp", ["dotnet", CSharpProgram(), "analyze"], ["dotnet", CSharpProgram(), "convert"],
            ["dotnet", CSharpProgram(), "zones"]),
        new("python", [Python, "examples/python/analyze.py"], [Python, "examples/python/convert.py"],
            [Python, "examples/python/tracks.py"]),
        new("node", ["node", "examples/node/analyze.js"], ["node", "examples/node/convert.js"],
            ["node", "examples/node/search.js"]),
        new("cpp", ["out/examples/cpp/analyze"], ["out/examples/cpp/convert"], ["out/examples/cpp/tracks"]),
    ];

    /// <summary>Node.js also uploads in parts, prints partial results and cancels.</summary>
    public static string[] NodeUpload => ["node", "examples/node/upload.js"];

    /// <summary>Finds a language by name.</summary>
    public static Language Of(string name) => All.Single(language => language.Name == name);

    private static string CSharpProgram() => RepositoryFiles.BuiltAssembly("examples/csharp", "ForegSyte.Example");
}
