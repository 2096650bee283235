namespace ForegSyte.Architecture.Tests.Sources;

/// <summary>Files are short, lines are short, and names say something.</summary>
public sealed class SourceRulesTests
{
    public static TheoryData<string> EmptyWords => [.. SourceRules.EmptyWords];

    [Fact]
    public void EveryFile_KeepsTheRules() => Findings.AssertNone(
        SourceFiles.Paths().SelectMany(path => SourceRules.Violations(path, SourceFiles.Read(path))));

    [Fact]
    public void Paths_HoldWhatIsWritten_AndNotWhatIsBuilt()
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
