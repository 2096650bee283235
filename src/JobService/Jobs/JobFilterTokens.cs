namespace ForegSyte.Jobs;

/// <summary>Splits a filter into tokens.</summary>
internal static class JobFilterTokens
{
    // End an unquoted word. '.' does not, because it joins "tags" and a key.
    private const string ValueDelimiters = "()=!<>\"'";

    // ':' is an operator after a field only, so that a timestamp needs no quotes.
    private const string Delimiters = ValueDelimiters + ":";

    /// <summary>Returns the tokens, with <see cref="FilterTokenKind.End"/> at the end.</summary>
    /// <exception cref="FilterSyntaxException">A quote is not closed, or a character is invalid.</exception>
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

            var isValue = tokens is [.., { Kind: FilterTokenKind.Comparison }];
            var (kind, length) = Measure(filter, at, isValue ? ValueDelimiters : Delimiters);
            var text = kind == FilterTokenKind.Quoted
                ? filter[(at + 1)..(at + length - 1)]
                : filter.Substring(at, length);
            tokens.Add(new FilterToken(kind, text, at + 1));
            at += length;
        }
    }

    private static (FilterTokenKind Kind, int Length) Measure(
        string filter, int at, string delimiters) => filter[at] switch
        {
            '(' => (FilterTokenKind.Open, 1),
            ')' => (FilterTokenKind.Close, 1),
            '=' => (FilterTokenKind.Comparison, 1),
            ':' when delimiters == Delimiters => (FilterTokenKind.Comparison, 1),
            '<' or '>' => (FilterTokenKind.Comparison, IsAt(filter, at + 1, '=') ? 2 : 1),
            '!' when IsAt(filter, at + 1, '=') => (FilterTokenKind.Comparison, 2),
            '!' => throw new FilterSyntaxException(at + 1, "'!' is only valid in '!='; write NOT."),
            '"' or '\'' => (FilterTokenKind.Quoted, QuotedLength(filter, at)),
            '-' when at + 1 < filter.Length && !char.IsWhiteSpace(filter[at + 1]) => (FilterTokenKind.Minus, 1),
            _ => (FilterTokenKind.Word, WordLength(filter, at, delimiters)),
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

        throw new FilterSyntaxException(start + 1, $"this string has no closing {filter[start]}.");
    }

    private static int WordLength(string filter, int start, string delimiters)
    {
        var end = start;
        while (end < filter.Length && !char.IsWhiteSpace(filter[end])
            && !delimiters.Contains(filter[end], StringComparison.Ordinal))
        {
            end++;
        }

        return end - start;
    }

    private static bool IsAt(string filter, int at, char expected) => at < filter.Length && filter[at] == expected;
}

/// <summary>A token of a filter.</summary>
/// <param name="Kind">Its kind.</param>
/// <param name="Text">Its characters; for a quoted string the characters between the quotes.</param>
/// <param name="Position">Its start, in characters counted from 1.</param>
internal readonly record struct FilterToken(FilterTokenKind Kind, string Text, int Position)
{
    /// <summary>The token as messages name it.</summary>
    public string Description => Kind switch
    {
        FilterTokenKind.End => "the end of the filter",
        FilterTokenKind.Quoted => $"\"{Text}\"",
        _ => $"'{Text}'",
    };

    /// <summary>Whether this is a keyword. Keywords are upper-case and not quoted (AIP-160).</summary>
    public bool Is(string keyword) => Kind == FilterTokenKind.Word && Text == keyword;
}

/// <summary>The kinds of tokens.</summary>
internal enum FilterTokenKind
{
    /// <summary>An unquoted word: a field, a keyword or a value.</summary>
    Word,

    /// <summary>A quoted string.</summary>
    Quoted,

    /// <summary>A comparison operator.</summary>
    Comparison,

    /// <summary>"(".</summary>
    Open,

    /// <summary>")".</summary>
    Close,

    /// <summary>A "-" before a term: NOT.</summary>
    Minus,

    /// <summary>The end of the filter.</summary>
    End,
}
