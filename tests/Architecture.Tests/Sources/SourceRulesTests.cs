using ForegSyte.Testing;

namespace ForegSyte.Architecture.Tests.Sources;

/// <summary>Files and lines are short, and names are meaningful.</summary>
public sealed class SourceRulesTests
{
    public static TheoryData<string> EmptyWords => [.. SourceRules.EmptyWords];

    [Fact]
    public void EveryFile_FollowsTheRules() => Findings.AssertNone(
        SourceFiles.Paths().SelectMany(path => SourceRules.Violations(path, SourceFiles.Read(path))));

    [Fact]
    public void Paths_HaveSourcesWithoutBuildOutputs()
    {
        var paths = SourceFiles.Paths().ToList();
        Assert.Contains("src/JobService/Program.cs", paths);
        Assert.Contains("src/Client/Sdk/ForegSyteClient.cs", paths);
        Assert.Contains("examples/csharp/Analyze.cs", paths);
        Assert.Contains("protos/foregsyte/v1/errors.proto", paths);
        Assert.Contains("tests/Architecture.Tests/Sources/SourceRulesTests.cs", paths);
        Assert.DoesNotContain(paths, path => path.Contains("/obj/", StringComparison.Ordinal));
        Assert.DoesNotContain(paths, path => path.Contains("/node_modules/", StringComparison.Ordinal));
    }

    [Fact]
    public void SlowTests_OfTheList_Exist()
    {
        var classes = SourceFiles.Paths()
            .Where(path => path.StartsWith("tests/", StringComparison.Ordinal))
            .SelectMany(path => SourceFiles.ClassesIn(SourceFiles.Read(path)))
            .Select(item => item.Class)
            .ToHashSet();

        Findings.AssertNone(
            File.ReadLines(Path.Combine(RepositoryFiles.Root, "tests", "slow-tests.txt"))
                .Where(line => !line.StartsWith('#') && !classes.Contains(line))
                .Select(line => $"tests/slow-tests.txt: no test class has the name {line}."));
    }

    [Theory]
    [InlineData(SourceRules.MaxLines, 0)]
    [InlineData(SourceRules.MaxLines + 1, 1)]
    public void Violations_LongFile_IsFound(int lines, int found) => Assert.Equal(
        found, SourceRules.Violations("a.cs", string.Concat(Enumerable.Repeat("line\r\n", lines))).Count());

    [Theory]
    [InlineData(SourceRules.MaxLineLength, 0)]
    [InlineData(SourceRules.MaxLineLength + 1, 1)]
    public void Violations_LongLine_IsFound(int length, int found) => Assert.Equal(
        found, SourceRules.Violations("a.cs", $"first\n{new string('x', length)}\nlast\n").Count());

    [Theory]
    [MemberData(nameof(EmptyWords))]
    public void Violations_EmptyName_IsFound(string word)
    {
        Assert.Equal([$"src/Job{word}.cs has the name Job{word}.cs."], SourceRules.Violations($"src/Job{word}.cs", ""));
        foreach (var kind in new[] { "internal static class", "public record struct", "enum", "interface", "message" })
        {
            Assert.Equal(
                [$"a.cs has the name {word}s."], SourceRules.Violations("a.cs", $"namespace N;\n{kind} {word}s\n"));
        }
    }

    [Theory]
    [MemberData(nameof(EmptyWords))]
    public void Violations_WordInACommentOrAUse_IsNone(string word) => Assert.Empty(
        SourceRules.Violations("a.cs", $"/// A class {word}s.\ninternal sealed class A\n{{\n    {word}s? b;\n}}\n"));
}
