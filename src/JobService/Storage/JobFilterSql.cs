using System.Globalization;
using ForegSyte.V1;

namespace ForegSyte.Jobs.Storage;

/// <summary>Translates a filter into an SQL condition over the columns of jobs; values become parameters.</summary>
internal sealed class JobFilterSql
{
    private readonly List<(string Name, object? Value)> _parameters = [];

    private JobFilterSql(JobFilter filter) => Condition = Translate(filter);

    /// <summary>The condition.</summary>
    public string Condition { get; }

    /// <summary>The parameters of the condition.</summary>
    public IReadOnlyList<(string Name, object? Value)> Parameters => _parameters;

    /// <summary>Translates a filter.</summary>
    public static JobFilterSql Of(JobFilter filter) => new(filter);

    private string Translate(JobFilter filter) => filter switch
    {
        JobFilter.And(var left, var right) => $"({Translate(left)} AND {Translate(right)})",
        JobFilter.Or(var left, var right) => $"({Translate(left)} OR {Translate(right)})",
        JobFilter.Not(var inner) => $"(NOT {Translate(inner)})",
        JobFilter.Comparison comparison => Translate(comparison),
        _ => throw new ArgumentOutOfRangeException(nameof(filter), filter, "Unknown kind of filter."),
    };

    // The columns of status, texts and times are never NULL, and conditions over tags never are, so NOT and <> mean the
    // same in SQL as in the filter language.
    private string Translate(JobFilter.Comparison comparison) => (comparison.Field, comparison.Value) switch
    {
        (FilterField.Status, JobStatus status) => Compare("status", comparison.Operator, JobStatusNames.Of(status)),
        (FilterField.CreatedAt, DateTimeOffset instant) =>
            Compare("created_at", comparison.Operator, instant.UtcDateTime),
        (FilterField.PipelineId, TextPattern pattern) => Match("pipeline_id", comparison.Operator, pattern),
        (FilterField.DisplayName, TextPattern pattern) => Match("display_name", comparison.Operator, pattern),
        (FilterField.Tags, TagPattern { Value: null } tag) =>
            $"coalesce(json_exists(tags_json, {Parameter(Path(tag.Key))}), false)",
        (FilterField.Tags, TagPattern { Value: { } pattern } tag) => MatchTag(tag.Key, comparison.Operator, pattern),
        _ => throw new ArgumentException($"The field {comparison.Field} cannot be compared with {comparison.Value}."),
    };

    /// <summary>A job without the tag does not match = and matches !=.</summary>
    private string MatchTag(string key, FilterOperator comparison, TextPattern pattern)
    {
        var value = $"json_extract_string(tags_json, {Parameter(Path(key))})";
        var matches = $"coalesce({Match(value, FilterOperator.Equal, pattern)}, false)";
        return comparison == FilterOperator.NotEqual ? $"(NOT {matches})" : matches;
    }

    /// <summary>The JSON path of a tag. Its key has no characters that need an escape.</summary>
    private static string Path(string key) => $"$.\"{key}\"";

    private string Match(string column, FilterOperator comparison, TextPattern pattern)
    {
        if (comparison == FilterOperator.Has)
        {
            return $"contains(lower({column}), lower({Parameter(pattern.Text)}))";
        }

        var function = (pattern.AnyBefore, pattern.AnyAfter) switch
        {
            (true, true) => "contains",
            (true, false) => "ends_with",
            (false, true) => "starts_with",
            (false, false) => null,
        };
        if (function is null)
        {
            return Compare(column, comparison, pattern.Text);
        }

        var call = $"{function}({column}, {Parameter(pattern.Text)})";
        return comparison switch
        {
            FilterOperator.Equal => call,
            FilterOperator.NotEqual => $"(NOT {call})",
            _ => throw new ArgumentException($"A pattern cannot be compared with {comparison}."),
        };
    }

    private string Compare(string column, FilterOperator comparison, object value) =>
        $"{column} {Symbol(comparison)} {Parameter(value)}";

    private string Parameter(object value)
    {
        var name = "filter" + _parameters.Count.ToString(CultureInfo.InvariantCulture);
        _parameters.Add((name, value));
        return "$" + name;
    }

    private static string Symbol(FilterOperator comparison) => comparison switch
    {
        FilterOperator.Equal => "=",
        FilterOperator.NotEqual => "<>",
        FilterOperator.Less => "<",
        FilterOperator.LessOrEqual => "<=",
        FilterOperator.Greater => ">",
        FilterOperator.GreaterOrEqual => ">=",
        _ => throw new ArgumentOutOfRangeException(nameof(comparison), comparison, "Unknown operator."),
    };
}
