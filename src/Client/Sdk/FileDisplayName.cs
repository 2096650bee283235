using System.Globalization;
using System.Text;

namespace ForegSyte.Client;

/// <summary>Makes the display name of a job from the name of its file.</summary>
internal static class FileDisplayName
{
    /// <summary>Maximum length that the server accepts, in code points.</summary>
    private const int MaxLength = 255;

    /// <summary>
    /// Returns the name on one line: white space and control characters become one space each, and characters that
    /// reorder the text around them (bidirectional controls, which can make "gpj.exe" look like "exe.jpg") or have no
    /// valid code are left out or replaced. File systems allow all of them, display names do not.
    /// </summary>
    public static string Of(string fileName)
    {
        var name = new StringBuilder(fileName.Length);
        var length = 0;
        // Enumerating runes turns half of a surrogate pair into U+FFFD.
        foreach (var rune in fileName.EnumerateRunes())
        {
            var isSpace = Rune.IsControl(rune) || Rune.GetUnicodeCategory(rune)
                is UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator;
            if (IsBidirectionalControl(rune) || (isSpace && EndsWithSpace(name)))
            {
                continue;
            }

            if (++length > MaxLength)
            {
                break;
            }

            name.Append(isSpace ? " " : rune.ToString());
        }

        return name.ToString().Trim();
    }

    private static bool EndsWithSpace(StringBuilder name) => name.Length == 0 || name[^1] == ' ';

    private static bool IsBidirectionalControl(Rune rune) => rune.Value
        is 0x061C or 0x200E or 0x200F or (>= 0x202A and <= 0x202E) or (>= 0x2066 and <= 0x2069);
}
