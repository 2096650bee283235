using System.Globalization;
using System.Text;

namespace ForegSyte.Exports.Tables;

/// <summary>
/// Makes texts safe for the programs that open a CSV. A video can show any text, and a spreadsheet takes a cell that
/// begins with =, +, - or @ for a formula, which can send other cells to a server (OWASP, CSV Injection). Pure.
/// </summary>
internal static class CsvText
{
    /// <summary>
    /// Returns the text with an apostrophe before each beginning that a spreadsheet could take for a formula: at the
    /// start, and after a semicolon, tab or line break, where other settings of a spreadsheet start a new cell.
    /// Apostrophes there get another one, so <see cref="Unprotect"/> restores the text. Control characters, which RFC
    /// 4180 does not allow and which would reach a terminal, become U+FFFD; tabs and line breaks stay.
    /// </summary>
    public static string Protect(string text)
    {
        StringBuilder? changed = null;
        for (var index = 0; index < text.Length; index++)
        {
            var character = text[index];
            var isForbidden = char.IsControl(character) && !IsBreak(character);
            if (IsCellStart(text, index) && IsRisky(text, index))
            {
                (changed ??= new StringBuilder(text, 0, index, text.Length + 8)).Append('\'');
            }

            if (isForbidden)
            {
                (changed ??= new StringBuilder(text, 0, index, text.Length + 8)).Append('\uFFFD');
            }
            else
            {
                changed?.Append(character);
            }
        }

        return changed?.ToString() ?? text;
    }

    /// <summary>Removes the apostrophes of <see cref="Protect"/>.</summary>
    public static string Unprotect(string text)
    {
        var plain = new StringBuilder(text.Length);
        for (var index = 0; index < text.Length; index++)
        {
            if (text[index] != '\'' || !IsCellStart(text, index))
            {
                plain.Append(text[index]);
            }
        }

        return plain.ToString();
    }

    private static bool IsCellStart(string text, int index) =>
        index == 0 || text[index - 1] == ';' || IsBreak(text[index - 1]);

    private static bool IsBreak(char character) => character is '\t' or '\r' or '\n';

    /// <summary>Whether the cell begins with an apostrophe or, after blanks, with a formula.</summary>
    private static bool IsRisky(string text, int start)
    {
        if (text[start] == '\'')
        {
            return true;
        }

        var index = start;
        while (index < text.Length && IsSkipped(text[index]))
        {
            index++;
        }

        // The full-width forms count for some programs in East Asian settings.
        return index < text.Length
            && text[index] is ('=' or '+' or '-' or '@' or '\uFF1D' or '\uFF0B' or '\uFF0D' or '\uFF20');
    }

    /// <summary>
    /// What a program may remove before it looks for a formula. After a break the next cell is looked at by itself.
    /// </summary>
    private static bool IsSkipped(char character) => !IsBreak(character)
        && (char.IsWhiteSpace(character) || char.IsControl(character)
            || char.GetUnicodeCategory(character) == UnicodeCategory.Format);
}
