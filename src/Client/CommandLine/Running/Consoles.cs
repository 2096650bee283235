using Spectre.Console;

namespace ForegSyte.CommandLine.Running;

/// <summary>Makes the consoles.</summary>
internal static class Consoles
{
    // What goes to a pipe or a file is not cut into lines.
    private const int WidthOfPipes = 1000;

    /// <summary>A console that has colours and a width only where it is a terminal.</summary>
    public static IAnsiConsole Open(TextWriter writer, bool isTerminal)
    {
        var console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new AnsiConsoleOutput(writer),
            Ansi = isTerminal ? AnsiSupport.Detect : AnsiSupport.No,
            ColorSystem = isTerminal ? ColorSystemSupport.Detect : ColorSystemSupport.NoColors,
            Interactive = isTerminal ? InteractionSupport.Detect : InteractionSupport.No,
        });
        if (!isTerminal)
        {
            console.Profile.Width = WidthOfPipes;
        }

        return console;
    }
}
