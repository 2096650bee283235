namespace ForegSyte.Contracts.Tests.Commands;

/// <summary>The parser of documents with commands.</summary>
public sealed class CommandDocumentTests
{
    [Fact]
    public void Parse_BlocksWithCommands_HasThemWithTheirOutput()
    {
        var document = CommandDocument.Parse(
            "test.md",
            """
            # Title
            ```
            A=1
            ```
            ## First
            ```
            $ one \
              more
            output
            …
            $ two '{
              }' |
              three
            ```
            ```json
            { "not": "a command" }
            ```
            """);
        Assert.Equal("A=1", document.Setup);
        Assert.Equal([(7, "First", "one \\\n  more"), (11, "First", "two '{\n  }' |\n  three")],
            document.Commands.Select(command => (command.Line, command.Section, command.Text)));
        Assert.Equal(["output", "…"], document.Commands[0].Output);
        Assert.Empty(document.Commands[1].Output);
    }

    [Fact]
    public void Parse_OutputBeforeAnyCommand_IsRefused() => Assert.Throws<ArgumentException>(
        () => CommandDocument.Parse("test.md", "```\nA=1\n```\n```\noutput\n$ one\n```\n"));
}

/// <summary>The comparison of documented and actual output.</summary>
public sealed class OutputComparisonTests
{
    private const string DocumentedId = "25ae7f49-0744-4acf-8583-fbdb1decb278";
    private const string Id = "f40bcd65-cc2d-49d8-8355-cdee374d57b1";

    [Theory]
    [InlineData("{}", "{}")]
    [InlineData("  \"a\":  1", "\"a\": 1")]
    [InlineData("\"at\": \"2026-01-31T10:00:00.5Z\"", "\"at\": \"2027-02-01T00:00:00Z\"")]
    [InlineData("\"queued\": \"0.087273s\"", "\"queued\": \"12.5s\"")]
    [InlineData("\"confidence\": 0.742", "\"confidence\": 0.7421")]
    [InlineData("a\n…\nc", "a\nb\nb\nc")]
    [InlineData("a\n…\nc", "a\nc")]
    [InlineData("…", "")]
    [InlineData("…\nb\n…", "b\na\nb")]
    public void Difference_AllowedVariation_IsNone(string documented, string printed) =>
        Assert.Null(Difference(documented, printed));

    [Theory]
    [InlineData("{}", "")]
    [InlineData("", "{}")]
    [InlineData("\"a\": 1", "\"a\": 2")]
    [InlineData("\"a\": \"5s\"", "\"a\": \"6s\"")]
    [InlineData("\"confidence\": 0.74", "\"confidence\": 0.76")]
    [InlineData("\"status\": \"PENDING\"", "\"status\": \"RUNNING\"")]
    [InlineData("\"jobId\": \"" + DocumentedId + "\"", "\"jobId\": \"1\"")]
    [InlineData("a\n…\nc", "a\nb")]
    [InlineData("a\nc", "a\nb\nc")]
    [InlineData(DocumentedId + "\n" + DocumentedId, Id + "\n11111111-cc2d-49d8-8355-cdee374d57b1")]
    public void Difference_MisleadingOutput_IsFound(string documented, string printed) =>
        Assert.NotNull(Difference(documented, printed));

    [Fact]
    public void Translate_KnownIdEtagAndToken_AreReplaced()
    {
        var comparison = new OutputComparison();
        Assert.Null(comparison.Difference(
            [$"\"jobId\": \"{DocumentedId}\",", "\"etag\": \"W/\\\"abc\\\"\",", "\"nextPageToken\": \"def\""],
            [$"\"jobId\": \"{Id}\",", "\"etag\": \"W/\\\"uvw\\\"\",", "\"nextPageToken\": \"xyz\""]));
        Assert.Equal($"get {Id} uvw xyz", comparison.Translate($"get {DocumentedId} abc def"));
    }

    private static string? Difference(string documented, string printed) =>
        new OutputComparison().Difference(Lines(documented), Lines(printed));

    private static string[] Lines(string text) => text.Length == 0 ? [] : text.Split('\n');
}
