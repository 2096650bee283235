namespace ForegSyte.Contracts.Tests.ByHand;

/// <summary>Commands and their outputs are found in the document.</summary>
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
        Assert.Equal("A=1", document.Preparation);
        Assert.Equal([(7, "First", "one \\\n  more"), (11, "First", "two '{\n  }' |\n  three")],
            document.Commands.Select(command => (command.Line, command.Section, command.Text)));
        Assert.Equal(["output", "…"], document.Commands[0].Output);
        Assert.Empty(document.Commands[1].Output);
    }

    [Fact]
    public void Parse_OutputBeforeAnyCommand_IsRefused() => Assert.Throws<ArgumentException>(
        () => CommandDocument.Parse("test.md", "```\nA=1\n```\n```\noutput\n$ one\n```\n"));
}
