using ForegSyte.Testing;

namespace ForegSyte.Contracts.Tests.Examples;

/// <summary>A language that there is an example in, and the commands that start its two programs.</summary>
/// <param name="Name">Name of its folder below examples.</param>
/// <param name="Analyze">Submits a video, waits, pages through the results, reads an error.</param>
/// <param name="Convert">Reads messages from JSON and writes them as JSON and protobuf.</param>
public sealed record Language(string Name, string[] Analyze, string[] Convert)
{
    private const string Python = "/usr/bin/python3";

    /// <summary>All of them; C#, which the others are compared with, first.</summary>
    public static readonly IReadOnlyList<Language> All =
    [
        new("csharp", ["dotnet", CSharpProgram(), "analyze"], ["dotnet", CSharpProgram(), "convert"]),
        new("python", [Python, "examples/python/analyze.py"], [Python, "examples/python/convert.py"]),
        new("node", ["node", "examples/node/analyze.js"], ["node", "examples/node/convert.js"]),
        new("cpp", ["out/examples/cpp/analyze"], ["out/examples/cpp/convert"]),
    ];

    /// <summary>The language of a name.</summary>
    public static Language Of(string name) => All.Single(language => language.Name == name);

    // The example is built with the tests' configuration, into a folder of the same form.
    private static string CSharpProgram()
    {
        var output = new DirectoryInfo(AppContext.BaseDirectory);
        var bin = Path.Combine(RepositoryFiles.Root, "examples", "csharp", "bin");
        return Path.Combine(bin, output.Parent!.Name, output.Name, "ForegSyte.Example.dll");
    }
}
