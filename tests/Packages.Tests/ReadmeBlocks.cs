using System.Text.RegularExpressions;

namespace ForegSyte.Packages.Tests;

/// <summary>The C# in a document, as people copy it.</summary>
internal static partial class ReadmeBlocks
{
    /// <summary>The blocks of a document, in order.</summary>
    public static IReadOnlyList<string> Of(string document) =>
        [.. Block().Matches(document).Select(match => match.Groups["code"].Value)];

    /// <summary>A block as the body of a method, so that several compile beside each other.</summary>
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
    private static partial Regex Block();
}
