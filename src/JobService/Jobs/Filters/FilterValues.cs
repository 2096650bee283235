using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace ForegSyte.Jobs.Filters;

/// <summary>Reads the right side of a comparison as its field wants it.</summary>
internal static partial class FilterValues
{
    /// <summary>A JobStatus, a TextPattern or a DateTimeOffset.</summary>
    /// <exception cref="FilterSyntaxException">The value does not fit the field.</exception>
    public static object Read(FilterField field, FilterToken token) => field switch
    {
        FilterField.Status => Status(token),
        FilterField.CreatedAt => Instant(token),
        _ => Pattern(token),
    };

    private static V1.JobStatus Status(FilterToken token) => JobStatusNames.TryParse(token.Text, out var status)
        ? status.Value
        : throw new FilterSyntaxException(
            token.Position,
            $"{token.Description} is no status; expected one of {string.Join(", ", JobStatusNames.All)}.");

    private static DateTimeOffset Instant(FilterToken token)
    {
        var form = Rfc3339().Match(token.Text);
        if (!form.Success || !DateTimeOffset.TryParse(
            token.Text, CultureInfo.InvariantCulture, DateTimeStyles.None, out var instant))
        {
            throw new FilterSyntaxException(
                token.Position,
                $"{token.Description} is no RFC 3339 timestamp; expected one such as \"2026-01-31T00:00:00Z\".");
        }

        return form.Groups["fraction"].Value.TrimEnd('0').Length <= 6
            ? instant.ToUniversalTime()
            : throw new FilterSyntaxException(
                token.Position, "times are kept to the microsecond; give at most six digits after the second.");
    }

    private static TextPattern Pattern(FilterToken token)
    {
        var text = token.Text;
        if (token.Kind == FilterTokenKind.Word)
        {
            return Make(text, 0, text.Length);
        }

        return Make(Unescape(token, out var literalStart, out var literalEnd), literalStart, literalEnd);

        static TextPattern Make(string text, int wildFrom, int wildTo)
        {
            var before = wildFrom == 0 && text.StartsWith('*');
            var after = wildTo == text.Length && text.EndsWith('*') && !(before && text.Length == 1);
            return new TextPattern(text[(before ? 1 : 0)..(text.Length - (after ? 1 : 0))], before, after);
        }
    }

    /// <summary>
    /// Takes the backslashes away. A star that had one is a star and not a wildcard: the bounds leave it out.
    /// </summary>
    private static string Unescape(FilterToken token, out int wildFrom, out int wildTo)
    {
        var text = new StringBuilder(token.Text.Length);
        wildFrom = 0;
        var lastWasEscaped = false;
        for (var at = 0; at < token.Text.Length; at++)
        {
            lastWasEscaped = token.Text[at] == '\\';
            if (lastWasEscaped)
            {
                at++;
                if (token.Text[at] is not ('\\' or '"' or '\'' or '*'))
                {
                    throw new FilterSyntaxException(
                        token.Position + at, $"'\\{token.Text[at]}' has no meaning; expected \\\\, \\\", \\' or \\*.");
                }

                wildFrom = text.Length == 0 ? 1 : wildFrom;
            }

            text.Append(token.Text[at]);
        }

        wildTo = lastWasEscaped ? text.Length - 1 : text.Length;
        return text.ToString();
    }

    [GeneratedRegex(
        @"^\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(\.(?<fraction>\d{1,9}))?([Zz]|[+-]\d{2}:\d{2})$",
        RegexOptions.CultureInvariant)]
    private static partial Regex Rfc3339();
}
