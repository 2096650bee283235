using System.Globalization;
using ForegSyte.Protocol.Json;
using ForegSyte.Protocol.Text;
using Google.Protobuf;
using Spectre.Console.Rendering;

namespace ForegSyte.CommandLine.Output;

/// <summary>Ordinal numbers.</summary>
internal static class OrdinalText
{
    /// <summary>Formats an ordinal: "1st", "12th" or "23rd".</summary>
    public static string Of(int number)
    {
        var suffix = (number % 100, number % 10) switch
        {
            (11 or 12 or 13, _) => "th",
            (_, 1) => "st",
            (_, 2) => "nd",
            (_, 3) => "rd",
            _ => "th",
        };
        return string.Create(CultureInfo.InvariantCulture, $"{number}{suffix}");
    }
}

/// <summary>Untrusted text for a terminal.</summary>
internal static class SafeText
{
    /// <summary>
    /// Puts the text on one line and escapes control characters, so a name or an error message cannot send escape
    /// sequences to the terminal, nor reorder the text around it (bidirectional controls).
    /// </summary>
    public static string OneLine(string text) => ControlCharacters.Escape(
        text.Replace('\n', ' ').Replace('\r', ' ').Replace('\t', ' '));

    /// <summary>A message as indented JSON without unsafe characters.</summary>
    public static string Json(IMessage message) =>
        ControlCharacters.EscapeLines(ForegSyteJson.IndentedFormatter.Format(message));
}

/// <summary>
/// Escapes unsafe characters in everything that a console writes, so that a text which nobody made safe does no harm.
/// Such a text makes the columns of its table uneven.
/// </summary>
internal sealed class SafeTextHook : IRenderHook
{
    /// <inheritdoc />
    public IEnumerable<IRenderable> Process(RenderOptions options, IEnumerable<IRenderable> renderables) =>
        renderables.Select(renderable => new SafeRenderable(renderable));

    private sealed class SafeRenderable(IRenderable inner) : IRenderable
    {
        public Measurement Measure(RenderOptions options, int maxWidth) => inner.Measure(options, maxWidth);

        public IEnumerable<Segment> Render(RenderOptions options, int maxWidth) =>
            inner.Render(options, maxWidth).Select(segment => segment.IsControlCode || !ControlCharacters.IsIn(
                segment.Text.Replace("\n", "", StringComparison.Ordinal))
                ? segment
                : new Segment(ControlCharacters.EscapeLines(segment.Text), segment.Style));
    }
}
