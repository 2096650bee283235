using System.Text.RegularExpressions;
using ForegSyte.Architecture.Tests.Sources;
using ForegSyte.Testing;

namespace ForegSyte.Architecture.Tests.Documents;

/// <summary>The tests that docs/security.md names as the ones that show what it says.</summary>
internal static partial class ThreatTable
{
    /// <summary>Names of the form Class.Method, in the code font, in the last cell of each row.</summary>
    public static IReadOnlyList<(string Class, string Method)> NamedTests { get; } =
        [.. File.ReadLines(Path.Combine(RepositoryFiles.Root, "docs", "security.md"))
            .Where(line => line.StartsWith('|'))
            .Select(line => line.TrimEnd('|', ' ').Split('|')[^1])
            .SelectMany(cell => TestName().Matches(cell))
            .Select(match => (match.Groups["class"].Value, match.Groups["method"].Value))];

    /// <summary>Names of <paramref name="tests"/> that no test has.</summary>
    public static IEnumerable<string> Unknown(IEnumerable<(string Class, string Method)> tests)
    {
        var known = SourceFiles.Paths()
            .Where(path => path.StartsWith("tests/", StringComparison.Ordinal))
            .Select(path => (Class: Path.GetFileNameWithoutExtension(path).Split('.')[0], Text: SourceFiles.Read(path)))
            .ToLookup(file => file.Class, file => file.Text);
        return tests
            .Where(test => !known[test.Class].Any(text => IsTest(text, test.Method)))
            .Select(test => $"{test.Class}.{test.Method}");
    }

    /// <summary>A method with an attribute of a test on a line before it.</summary>
    private static bool IsTest(string text, string method) =>
        Regex.IsMatch(text, $@"\[(Fact|Theory)\b[^;{{}}]*?\b{Regex.Escape(method)}\(", RegexOptions.Singleline)
        || Regex.IsMatch(
            text, $@"\[Theory\](?:\s*\[[^\n]*\n)+\s*public [^\n]*\b{Regex.Escape(method)}\(", RegexOptions.Singleline);

    [GeneratedRegex("`(?<class>[A-Z][A-Za-z0-9]+)\\.(?<method>[A-Z][A-Za-z0-9_]+)`")]
    private static partial Regex TestName();
}
