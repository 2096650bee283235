using System.Buffers;
using System.Globalization;
using System.Text;

namespace ForegSyte.Protocol.Text;

/// <summary>
/// Makes text from callers safe for a line of a log or a terminal: it can then neither forge a line, send commands to
/// the terminal, reorder the text around it, nor look like another text by invisible characters.
/// </summary>
public static class ControlCharacters
{
    /// <summary>Printable ASCII, which is most text.</summary>
    private static readonly SearchValues<char> Plain =
        SearchValues.Create([.. Enumerable.Range(' ', '~' - ' ' + 1).Select(code => (char)code)]);

    /// <summary>
    /// Replaces unsafe characters by codes such as <c>\u001b</c>: control characters (C0, C1), line separators, marks
    /// that change the direction of text, and characters without width. The joiners of emoji and of Persian and Indian
    /// scripts stay where they join something.
    /// </summary>
    public static string Escape(string text) => Escape(text, keepsLines: false);

    /// <summary>
    /// The same, but line feeds stay: for text of several lines, and for JSON, which remains valid because only its
    /// strings contain other unsafe characters.
    /// </summary>
    public static string EscapeLines(string text) => Escape(text, keepsLines: true);

    /// <summary>Whether <see cref="Escape(string)"/> would change the text.</summary>
    public static bool IsIn(string text) => !ReferenceEquals(Escape(text), text);

    private static string Escape(string text, bool keepsLines)
    {
        var start = text.AsSpan().IndexOfAnyExcept(Plain);
        if (start < 0)
        {
            return text;
        }

        StringBuilder? escaped = null;
        var previous = start == 0 ? new Rune(' ') : new Rune(text[start - 1]);
        for (var index = start; index < text.Length;)
        {
            if (!Rune.TryGetRuneAt(text, index, out var rune))
            {
                // Half of a surrogate pair, which becomes U+FFFD wherever it is written.
                escaped?.Append(text[index]);
                index++;
                continue;
            }

            var length = rune.Utf16SequenceLength;
            if (IsUnsafe(rune, previous) && !(keepsLines && rune.Value == '\n'))
            {
                escaped ??= new StringBuilder(text, 0, index, text.Length + 16);
                foreach (var unit in text.AsSpan(index, length))
                {
                    escaped.Append(CultureInfo.InvariantCulture, $"\\u{(int)unit:x4}");
                }
            }
            else
            {
                escaped?.Append(text, index, length);
            }

            previous = rune;
            index += length;
        }

        return escaped?.ToString() ?? text;
    }

    private static bool IsUnsafe(Rune rune, Rune previous) => rune.Value switch
    {
        // Joiners (ZWNJ, ZWJ).
        0x200C or 0x200D => previous.IsAscii,

        // Letters and marks that are invisible.
        0x034F or 0x115F or 0x1160 or 0x3164 or 0xFFA0 => true,
        _ => Rune.GetUnicodeCategory(rune) is UnicodeCategory.Control or UnicodeCategory.Format
            or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator,
    };
}
