namespace ForegSyte.Jobs.Filters;

/// <summary>Splits a filter into words.</summary>
internal static class FilterTokens
{
    // What ends a word that is not quoted. ':' and '.' do not, so that a timestamp need not be quoted.
    private const string Delimiters = "()=!<>\"'";

    /// <summary>The words, with <see cref="FilterTokenKind.End"/> at the end.</summary>
    /// <exception cref="FilterSyntaxException">A quote is not closed, or a character has no meaning.</exception>
    public static IReadOnlyList<FilterToken> Of(string filter)
    {
        var tokens = new List<FilterToken>();
        var at = 0;
        while (true)
        {
            while (at < filter.Length && char.IsWhiteSpace(filter[at]))
            {
                at++;
            }

            if (at == filter.Length)
            {
                tokens.Add(new FilterToken(FilterTokenKind.End, "", at + 1));
                return tokens;
            }

            var (kind, length) = Measure(filter, at);
            var text = kind == FilterTokenKind.Quoted
                ? filter[(at + 1)..(at + length - 1)]
                : filter.Substring(at, length);
            tokens.Add(new FilterToken(kind, text, at + 1));
            at += length;
        }
    }

    private static (FilterTokenKind Kind, int Length) Measure(string filter, int at) => filter[at] switch
    {
        '(' => (FilterTokenKind.Open, 1),
        ')' => (FilterTokenKind.Close, 1),
        '=' => (FilterTokenKind.Comparison, 1),
        '<' or '>' => (FilterTokenKind.Comparison, IsAt(filter, at + 1, '=') ? 2 : 1),
        '!' when IsAt(filter, at + 1, '=') => (FilterTokenKind.Comparison, 2),
        '!' => throw new FilterSyntaxException(at + 1, "'!' was found where only '!=' has a meaning; write NOT."),
        '"' or '\'' => (FilterTokenKind.Quoted, QuotedLength(filter, at)),
        '-' when at + 1 < filter.Length && !char.IsWhiteSpace(filter[at + 1]) => (FilterTokenKind.Minus, 1),
        _ => (FilterTokenKind.Word, WordLength(filter, at)),
    };

    private static int QuotedLength(string filter, int start)
    {
        for (var at = start + 1; at < filter.Length; at++)
        {
            if (filter[at] == filter[start])
            {
                return at + 1 - start;
            }

            if (filter[at] == '\\')
            {
                at++;
            }
        }

        throw new FilterSyntaxException(start + 1, $"the string that begins here has no closing {filter[start]}.");
    }

    private static int WordLength(string filter, int start)
    {
        var end = start;
        while (end < filter.Length && !char.IsWhiteSpace(filter[end])
            && !Delimiters.Contains(filter[end], StringComparison.Ordinal))
        {
            end++;
        }

        return end - start;
    }

    private static bool IsAt(string filter, int at, char expected) => at < filter.Length && filter[at] == expected;
}
