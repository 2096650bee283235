using System.Globalization;
using System.Text;

namespace ForegSyte.Hosting;

/// <summary>Makes text from callers safe for a line of a log or a terminal.</summary>
internal static class ControlCharacters
{
    /// <summary>
    /// Replaces control characters, line separators and marks that change the direction of text by codes such as
    /// <c>\u001b</c>.
    /// </summary>
    public static string Escape(string text)
    {
        if (!text.Any(IsUnsafe))
        {
            return text;
        }

        var escaped = new StringBuilder(text.Length + 16);
        foreach (var character in text)
        {
            if (IsUnsafe(character))
            {
                escaped.Append(CultureInfo.InvariantCulture, $"\\u{(int)character:x4}");
            }
            else
            {
                escaped.Append(character);
            }
        }

        return escaped.ToString();
    }

    private static bool IsUnsafe(char character) => char.IsControl(character)
        || character is '\u2028' or '\u2029' or (>= '\u202a' and <= '\u202e') or (>= '\u2066' and <= '\u2069');
}
