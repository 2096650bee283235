using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace ForegSyte.Jobs;

/// <summary>
/// Parses the subset of AIP-160 that jobs need. OR binds tighter than AND; NOT, or '-' before a term, tighter than
/// both.
/// <code>
/// expression = factor { "AND" factor }
/// factor     = term { "OR" term }
/// term       = [ "NOT" | "-" ] ( "(" expression ")" | field operator value )
/// field      = "status" | "pipeline_id" | "display_name" | "created_at" | "job_id" | "tenant"
///            | "tags" [ "." key ]
/// operator   = "=" | "!=" | ":" | "&lt;" | "&lt;=" | ">" | ">="
/// </code>
/// </summary>
internal sealed class JobFilterParser
{
    /// <summary>Maximum length of a filter in code points, so at most 100 comparisons.</summary>
    public const int MaxLength = 1_000;

    /// <summary>Maximum number of parentheses and negations around a comparison.</summary>
    public const int MaxNesting = 20;

    private const string And = "AND";
    private const string Or = "OR";
    private const string Not = "NOT";

    private static readonly Dictionary<string, FilterField> Fields = new(StringComparer.Ordinal)
    {
        ["status"] = FilterField.Status,
        ["pipeline_id"] = FilterField.PipelineId,
        ["display_name"] = FilterField.DisplayName,
        ["created_at"] = FilterField.CreatedAt,
        ["tags"] = FilterField.Tags,
        ["job_id"] = FilterField.JobId,
        ["tenant"] = FilterField.Tenant,
    };

    private const string TagPrefix = "tags.";

    private readonly IReadOnlyList<FilterToken> _tokens;
    private int _at;

    private JobFilterParser(IReadOnlyList<FilterToken> tokens) => _tokens = tokens;

    private FilterToken Current => _tokens[_at];

    /// <summary>Parses a filter.</summary>
    /// <exception cref="FilterSyntaxException">The filter is invalid, empty, or exceeds a limit.</exception>
    public static JobFilter Parse(string filter)
    {
        if (filter.EnumerateRunes().Count() > MaxLength)
        {
            throw new FilterSyntaxException(
                MaxLength + 1, FormattableString.Invariant($"a filter can have at most {MaxLength} code points."));
        }

        var parser = new JobFilterParser(JobFilterTokens.Of(filter));
        var result = parser.Expression(nesting: 0);
        return parser.Current.Kind == FilterTokenKind.End
            ? result
            : throw parser.Unexpected(
                parser.Current.Kind == FilterTokenKind.Close ? "no ')' without a '('" : "AND or OR");
    }

    private JobFilter Expression(int nesting)
    {
        var left = Factor(nesting);
        while (TakeKeyword(And))
        {
            left = new JobFilter.And(left, Factor(nesting));
        }

        return left;
    }

    private JobFilter Factor(int nesting)
    {
        var left = Term(nesting);
        while (TakeKeyword(Or))
        {
            left = new JobFilter.Or(left, Term(nesting));
        }

        return left;
    }

    private JobFilter Term(int nesting)
    {
        if (nesting > MaxNesting)
        {
            throw new FilterSyntaxException(
                Current.Position, FormattableString.Invariant($"a filter can be nested at most {MaxNesting} deep."));
        }

        if (Current.Kind == FilterTokenKind.Minus || Current.Is(Not))
        {
            _at++;
            return new JobFilter.Not(Term(nesting + 1));
        }

        if (Current.Kind != FilterTokenKind.Open)
        {
            return Comparison();
        }

        _at++;
        var inner = Expression(nesting + 1);
        if (Current.Kind != FilterTokenKind.Close)
        {
            throw Unexpected("')', AND or OR");
        }

        _at++;
        return inner;
    }

    private JobFilter.Comparison Comparison()
    {
        var field = Field(out var tag);
        var comparison = Operator(field, tag);
        if (Current.Kind is not (FilterTokenKind.Word or FilterTokenKind.Quoted))
        {
            throw Unexpected("a value");
        }

        var result = Comparison(field, tag, comparison, Current);
        _at++;
        return result;
    }

    /// <summary>Takes a field, and the key of a tag if the field names one.</summary>
    private FilterField Field(out string? tag)
    {
        tag = null;
        if (Current.Kind == FilterTokenKind.Word
            && Current.Text.StartsWith(TagPrefix, StringComparison.Ordinal))
        {
            tag = JobFilterValues.TagKey(Current with
            {
                Text = Current.Text[TagPrefix.Length..],
                Position = Current.Position + TagPrefix.Length,
            });
            _at++;
            return FilterField.Tags;
        }

        if (Current.Kind != FilterTokenKind.Word || !Fields.TryGetValue(Current.Text, out var field))
        {
            throw Unexpected($"a field ({string.Join(", ", Fields.Keys)}), NOT or '('");
        }

        _at++;
        return field;
    }

    private FilterOperator Operator(FilterField field, string? tag)
    {
        var allowed = (field, tag) switch
        {
            (FilterField.CreatedAt, _) => "=, !=, <, <=, > or >=",
            (FilterField.Tags, null) => "':' and a key, or tags.key",
            (FilterField.JobId, _) => "= or !=",
            _ => "=, != or ':'",
        };
        if (Current.Kind != FilterTokenKind.Comparison)
        {
            throw Unexpected(allowed);
        }

        var found = Current.Text switch
        {
            "=" => FilterOperator.Equal,
            "!=" => FilterOperator.NotEqual,
            "<" => FilterOperator.Less,
            "<=" => FilterOperator.LessOrEqual,
            ">" => FilterOperator.Greater,
            ":" => FilterOperator.Has,
            _ => FilterOperator.GreaterOrEqual,
        };
        var isAllowed = (field, tag) switch
        {
            (FilterField.CreatedAt, _) => found != FilterOperator.Has,
            (FilterField.Tags, null) => found == FilterOperator.Has,
            (FilterField.JobId, _) => found is FilterOperator.Equal or FilterOperator.NotEqual,
            _ => found is FilterOperator.Equal or FilterOperator.NotEqual or FilterOperator.Has,
        };
        if (!isAllowed)
        {
            var isOrder = found is not (FilterOperator.Equal or FilterOperator.NotEqual or FilterOperator.Has);
            throw Unexpected(isOrder ? $"{allowed}, because only created_at has an order" : allowed);
        }

        _at++;
        return found;
    }

    /// <summary>
    /// The condition. "tags.key:value" and "status:value" mean the same as with "=", and "tags.key:*" means "tags:key".
    /// </summary>
    private static JobFilter.Comparison Comparison(
        FilterField field, string? tag, FilterOperator comparison, FilterToken value) =>
        (field, tag, comparison) switch
        {
            (FilterField.Tags, null, _) =>
                new(field, comparison, new TagPattern(JobFilterValues.TagKey(value), null)),
            (FilterField.Tags, _, FilterOperator.Has) when value is { Kind: FilterTokenKind.Word, Text: "*" } =>
                new(field, comparison, new TagPattern(tag, null)),
            (FilterField.Tags, _, _) => new(
                field, Equality(comparison), new TagPattern(tag, JobFilterValues.Pattern(value))),
            (FilterField.Status, _, _) => new(field, Equality(comparison), JobFilterValues.Read(field, value)),
            (_, _, FilterOperator.Has) => new(field, comparison, JobFilterValues.PartOfText(value)),
            _ => new(field, comparison, JobFilterValues.Read(field, value)),
        };

    private static FilterOperator Equality(FilterOperator comparison) =>
        comparison == FilterOperator.Has ? FilterOperator.Equal : comparison;

    private bool TakeKeyword(string keyword)
    {
        if (!Current.Is(keyword))
        {
            return false;
        }

        _at++;
        return true;
    }

    private FilterSyntaxException Unexpected(string expected) =>
        new(Current.Position, $"expected {expected}, found {Current.Description}.");
}

/// <summary>Parses the right side of a comparison into the type of its field.</summary>
internal static partial class JobFilterValues
{
    /// <summary>Returns a JobStatus, a TextPattern, a JobIdRange or a DateTimeOffset.</summary>
    /// <exception cref="FilterSyntaxException">The value has the wrong type for the field.</exception>
    public static object Read(FilterField field, FilterToken token) => field switch
    {
        FilterField.Status => Status(token),
        FilterField.CreatedAt => Instant(token),
        FilterField.JobId => Ids(token),
        _ => Pattern(token),
    };

    /// <summary>Returns the key of a tag.</summary>
    /// <exception cref="FilterSyntaxException">The token is not a key.</exception>
    public static string TagKey(FilterToken token) => JobTags.IsKey(token.Text)
        ? token.Text
        : throw new FilterSyntaxException(
            token.Position,
            $"{token.Description} is not the key of a tag; expected a lower-case letter, then lower-case letters, "
            + "digits, underscores or hyphens.");

    /// <summary>Returns the text that another text must contain. Wildcards at its ends change nothing.</summary>
    /// <exception cref="FilterSyntaxException">The text is empty, so every text contains it.</exception>
    public static TextPattern PartOfText(FilterToken token) => Pattern(token) with { AnyBefore = true, AnyAfter = true }
        is { Text.Length: > 0 } pattern
            ? pattern
            : throw new FilterSyntaxException(
                token.Position, "expected a text to look for; an empty one and * are in every text.");

    private static V1.JobStatus Status(FilterToken token) => JobStatusNames.TryParse(token.Text, out var status)
        ? status.Value
        : throw new FilterSyntaxException(
            token.Position,
            $"{token.Description} is not a status; expected one of {string.Join(", ", JobStatusNames.All)}.");

    /// <summary>Returns one id, or with a star at the end those that begin with the digits before it.</summary>
    private static JobIdRange Ids(FilterToken token)
    {
        const int digitsOfId = 32;
        var pattern = Pattern(token);
        var digits = pattern.Text.Replace("-", "", StringComparison.Ordinal);
        var isId = !pattern.AnyBefore && digits.Length > 0 && digits.All(char.IsAsciiHexDigit)
            && (pattern.AnyAfter ? digits.Length <= digitsOfId : digits.Length == digitsOfId);
        return isId
            ? new JobIdRange(
                Guid.ParseExact(digits.PadRight(digitsOfId, '0'), "N"),
                Guid.ParseExact(digits.PadRight(digitsOfId, 'f'), "N"))
            : throw new FilterSyntaxException(
                token.Position,
                $"{token.Description} is not a job id; expected a UUID, or its first digits and a star, for example "
                + "\"3f0c1c6e*\".");
    }

    private static DateTimeOffset Instant(FilterToken token)
    {
        var form = Rfc3339().Match(token.Text);
        if (!form.Success || !DateTimeOffset.TryParse(
            token.Text, CultureInfo.InvariantCulture, DateTimeStyles.None, out var instant))
        {
            throw new FilterSyntaxException(
                token.Position,
                $"{token.Description} is not an RFC 3339 timestamp; expected one such as \"2026-01-31T00:00:00Z\".");
        }

        return form.Groups["fraction"].Value.TrimEnd('0').Length <= 6
            ? instant.ToUniversalTime()
            : throw new FilterSyntaxException(
                token.Position, "times have microsecond precision; give at most six digits after the second.");
    }

    /// <summary>Returns a text with its wildcards.</summary>
    public static TextPattern Pattern(FilterToken token)
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
    /// Removes the backslashes. The bounds exclude a star that had one, because it is not a wildcard.
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
                        token.Position + at,
                        $"'\\{token.Text[at]}' is not a valid escape; expected \\\\, \\\", \\' or \\*.");
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
