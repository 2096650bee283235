using System.Text.RegularExpressions;
using ForegSyte.Architecture.Tests.Sources;
using ForegSyte.Testing;

namespace ForegSyte.Architecture.Tests.Documents;

/// <summary>The tests that docs/security.md names exist.</summary>
public sealed class ThreatTableTests
{
    [Fact]
    public void NamedTests_OfTheThreatTable_Exist()
    {
        Assert.InRange(ThreatTable.NamedTests.Count, 70, int.MaxValue);
        Assert.Empty(ThreatTable.Unknown(ThreatTable.NamedTests));
    }

    [Theory]
    [InlineData("ThreatTableTests", "Nothing_OfThisName_Exists")]
    [InlineData("NoSuchTests", "NamedTests_OfTheThreatTable_Exist")]
    [InlineData("ThreatTable", "Unknown")]
    public void Unknown_NoSuchTest_IsFound(string className, string method) =>
        Assert.Equal([$"{className}.{method}"], ThreatTable.Unknown([(className, method)]));
}

/// <summary>The tests in the threat table of docs/security.md.</summary>
internal static partial class ThreatTable
{
    /// <summary>Names of the form `Class.Method` in the last cell of each row.</summary>
    public static IReadOnlyList<(string Class, string Method)> NamedTests { get; } =
        [.. File.ReadLines(Path.Combine(RepositoryFiles.Root, "docs", "security.md"))
            .Where(line => line.StartsWith('|'))
            .Select(line => line.TrimEnd('|', ' ').Split('|')[^1])
            .SelectMany(cell => TestName().Matches(cell))
            .Select(match => (match.Groups["class"].Value, match.Groups["method"].Value))];

    /// <summary>The names without a test.</summary>
    public static IEnumerable<string> Unknown(IEnumerable<(string Class, string Method)> tests)
    {
        var known = SourceFiles.Paths()
            .Where(path => path.StartsWith("tests/", StringComparison.Ordinal))
            .SelectMany(path => SourceFiles.ClassesIn(SourceFiles.Read(path)))
            .ToLookup(item => item.Class, item => item.Text);
        return tests
            .Where(test => !known[test.Class].Any(text => IsTest(text, test.Method)))
            .Select(test => $"{test.Class}.{test.Method}");
    }

    /// <summary>Whether the text has a method with a test attribute.</summary>
    private static bool IsTest(string text, string method) =>
        Regex.IsMatch(text, $@"\[(Fact|Theory)\b[^;{{}}]*?\b{Regex.Escape(method)}\(", RegexOptions.Singleline)
        || Regex.IsMatch(
            text, $@"\[Theory\](?:\s*\[[^\n]*\n)+\s*public [^\n]*\b{Regex.Escape(method)}\(", RegexOptions.Singleline);

    [GeneratedRegex("`(?<class>[A-Z][A-Za-z0-9]+)\\.(?<method>[A-Z][A-Za-z0-9_]+)`")]
    private static partial Regex TestName();
}
