using System.Text.RegularExpressions;
using ForegSyte.Testing;

namespace ForegSyte.Packages.Tests;

/// <summary>The code blocks of the READMEs.</summary>
internal static partial class ReadmeBlocks
{
    /// <summary>Reads a document of the repository.</summary>
    public static Task<string> ReadAsync(params string[] path) => File.ReadAllTextAsync(
        Path.Combine([RepositoryFiles.Root, .. path]), TestContext.Current.CancellationToken);

    /// <summary>Reads the commands that install a package: the first shell block of its README.</summary>
    /// <param name="folder">Folder in src/Client.</param>
    public static async Task<string> InstallCommandsAsync(string folder) =>
        ShellBlock().Match(await ReadAsync("src", "Client", folder, "README.md")).Groups["code"].Value;

    /// <summary>Returns the C# blocks of a document, in order.</summary>
    public static IReadOnlyList<string> CSharp(string document) =>
        [.. CSharpBlock().Matches(document).Select(match => match.Groups["code"].Value)];

    /// <summary>Wraps a block in a method, so that several blocks compile in one project.</summary>
    public static string AsMethod(string block, string name)
    {
        var lines = block.Split('\n');
        var usings = lines.Where(line => Using().IsMatch(line)).ToList();
        return $$"""
            {{string.Join('\n', usings)}}

            internal static class {{name}}
            {
                public static async Task RunAsync()
                {
            {{string.Join('\n', lines.Where(line => !Using().IsMatch(line)))}}
                    await Task.CompletedTask;
                }
            }
            """;
    }

    [GeneratedRegex(@"^using [\w.]+;$")]
    private static partial Regex Using();

    [GeneratedRegex("```csharp\n(?<code>.*?)```", RegexOptions.Singleline)]
    private static partial Regex CSharpBlock();

    [GeneratedRegex("```sh\n(?<code>.*?)```", RegexOptions.Singleline)]
    private static partial Regex ShellBlock();
}
