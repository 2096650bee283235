namespace ForegSyte.Jobs.Filters;

/// <summary>
/// Reads the part of AIP-160 that jobs need. OR binds tighter than AND; NOT, or '-' before a term, tighter than both.
/// <code>
/// expression = factor { "AND" factor }
/// factor     = term { "OR" term }
/// term       = [ "NOT" | "-" ] ( "(" expression ")" | field operator value )
/// </code>
/// </summary>
internal sealed class JobFilterParser
{
    /// <summary>Most characters of a filter.</summary>
    public const int MaxLength = 1_000;

    /// <summary>Most parentheses and negations around a comparison.</summary>
    public const int MaxNesting = 20;

    /// <summary>Most comparisons in a filter.</summary>
    public const int MaxComparisons = 100;

    private const string And = "AND";
    private const string Or = "OR";
    private const string Not = "NOT";

    private static readonly Dictionary<string, FilterField> Fields = new(StringComparer.Ordinal)
    {
        ["status"] = FilterField.Status,
        ["pipeline_id"] = FilterField.PipelineId,
        ["display_name"] = FilterField.DisplayName,
        ["created_at"] = FilterField.CreatedAt,
    };

    private readonly IReadOnlyList<FilterToken> _tokens;
    private int _at;
    private int _comparisons;

    private JobFilterParser(IReadOnlyList<FilterToken> tokens) => _tokens = tokens;

    private FilterToken Current => _tokens[_at];

    /// <summary>Reads a filter.</summary>
    /// <exception cref="FilterSyntaxException">It is not a valid expression, empty, or larger than a limit.</exception>
    public static JobFilter Parse(string filter)
    {
        if (filter.Length > MaxLength)
        {
            throw new FilterSyntaxException(
                MaxLength + 1, FormattableString.Invariant($"a filter has at most {MaxLength} characters."));
        }

        var parser = new JobFilterParser(FilterTokens.Of(filter));
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
                Current.Position, FormattableString.Invariant($"a filter is nested at most {MaxNesting} deep."));
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
        if (++_comparisons > MaxComparisons)
        {
            throw new FilterSyntaxException(
                Current.Position, FormattableString.Invariant($"a filter has at most {MaxComparisons} comparisons."));
        }

        var expectedField = $"a field ({string.Join(", ", Fields.Keys)}), NOT or '('";
        if (Current.Kind != FilterTokenKind.Word || !Fields.TryGetValue(Current.Text, out var field))
        {
            throw Unexpected(expectedField);
        }

        _at++;
        var comparison = Operator(field);
        if (Current.Kind is not (FilterTokenKind.Word or FilterTokenKind.Quoted))
        {
            throw Unexpected("a value");
        }

        var value = FilterValues.Read(field, Current);
        _at++;
        return new JobFilter.Comparison(field, comparison, value);
    }

    private FilterOperator Operator(FilterField field)
    {
        if (Current.Kind != FilterTokenKind.Comparison)
        {
            throw Unexpected(field == FilterField.CreatedAt ? "=, !=, <, <=, > or >=" : "= or !=");
        }

        var found = Current.Text switch
        {
            "=" => FilterOperator.Equal,
            "!=" => FilterOperator.NotEqual,
            "<" => FilterOperator.Less,
            "<=" => FilterOperator.LessOrEqual,
            ">" => FilterOperator.Greater,
            _ => FilterOperator.GreaterOrEqual,
        };
        if (field != FilterField.CreatedAt && found is not (FilterOperator.Equal or FilterOperator.NotEqual))
        {
            throw Unexpected("= or !=, since only created_at has an order");
        }

        _at++;
        return found;
    }

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
