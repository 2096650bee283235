using System.Globalization;
using ForegSyte.V1;

namespace ForegSyte.Jobs.Storage;

/// <summary>How a database writes what a filter needs; arguments are SQL expressions.</summary>
internal interface IFilterDialect
{
    /// <summary>A reference to a parameter.</summary>
    string Parameter(string name);

    /// <summary>Whether a text contains another one.</summary>
    string Contains(string text, string part);

    /// <summary>Whether a text ends with another one.</summary>
    string EndsWith(string text, string part);

    /// <summary>A text in lower case, of any script.</summary>
    string Lower(string text);

    /// <summary>Whether a JSON object has a field; NULL without an object.</summary>
    string HasField(string json, string key);

    /// <summary>A field of a JSON object as text; NULL if it is missing.</summary>
    string Field(string json, string key);
}

/// <summary>DuckDB's SQL.</summary>
internal sealed class DuckDbDialect : IFilterDialect
{
    public string Parameter(string name) => "$" + name;

    public string Contains(string text, string part) => $"contains({text}, {part})";

    public string EndsWith(string text, string part) => $"ends_with({text}, {part})";

    public string Lower(string text) => $"lower({text})";

    public string HasField(string json, string key) => $"json_exists({json}, {Path(key)})";

    public string Field(string json, string key) => $"json_extract_string({json}, {Path(key)})";

    /// <summary>The path of a field. The keys of tags have no characters that need an escape.</summary>
    private static string Path(string key) => $"""concat('$."', {key}, '"')""";
}

/// <summary>Translates a filter into an SQL condition over the columns of jobs; values become parameters.</summary>
internal sealed class JobFilterSql
{
    private readonly IFilterDialect _dialect;
    private readonly List<(string Name, object? Value)> _parameters = [];

    private JobFilterSql(JobFilter filter, IFilterDialect dialect)
    {
        _dialect = dialect;
        Condition = Translate(filter);
    }

    /// <summary>The condition.</summary>
    public string Condition { get; }

    /// <summary>The parameters of the condition.</summary>
    public IReadOnlyList<(string Name, object? Value)> Parameters => _parameters;

    /// <summary>Translates a filter.</summary>
    public static JobFilterSql Of(JobFilter filter, IFilterDialect dialect) => new(filter, dialect);

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
            $"coalesce({_dialect.HasField("tags_json", Parameter(tag.Key))}, false)",
        (FilterField.Tags, TagPattern { Value: { } pattern } tag) => MatchTag(tag.Key, comparison.Operator, pattern),
        _ => throw new ArgumentException($"The field {comparison.Field} cannot be compared with {comparison.Value}."),
    };

    /// <summary>A job without the tag does not match = and matches !=.</summary>
    private string MatchTag(string key, FilterOperator comparison, TextPattern pattern)
    {
        var value = _dialect.Field("tags_json", Parameter(key));
        var matches = $"coalesce({Match(value, FilterOperator.Equal, pattern)}, false)";
        return comparison == FilterOperator.NotEqual ? $"(NOT {matches})" : matches;
    }

    private string Match(string column, FilterOperator comparison, TextPattern pattern)
    {
        if (comparison == FilterOperator.Has)
        {
            return _dialect.Contains(_dialect.Lower(column), _dialect.Lower(Parameter(pattern.Text)));
        }

        if (pattern is { AnyBefore: false, AnyAfter: false })
        {
            return Compare(column, comparison, pattern.Text);
        }

        var text = Parameter(pattern.Text);
        var call = (pattern.AnyBefore, pattern.AnyAfter) switch
        {
            (true, true) => _dialect.Contains(column, text),
            (true, false) => _dialect.EndsWith(column, text),
            _ => $"starts_with({column}, {text})",
        };
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
        return _dialect.Parameter(name);
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

/// <summary>The query for a page of jobs, newest first.</summary>
/// <param name="Text">The SQL.</param>
/// <param name="Parameters">Its parameters.</param>
internal sealed record JobListSql(string Text, IReadOnlyList<(string Name, object? Value)> Parameters)
{
    /// <summary>Translates a query.</summary>
    public static JobListSql Of(JobQuery query, IFilterDialect dialect)
    {
        var conditions = new List<string>();
        var parameters = new List<(string Name, object? Value)> { ("limit", query.Limit) };
        if (query.Filter is not null)
        {
            var filter = JobFilterSql.Of(query.Filter, dialect);
            conditions.Add(filter.Condition);
            parameters.AddRange(filter.Parameters);
        }

        if (query.Tenant is { } tenant)
        {
            conditions.Add($"tenant = {dialect.Parameter("tenant")}");
            parameters.Add(("tenant", tenant));
        }

        if (query.After is { } after)
        {
            // By the first comparison DuckDB skips the row groups of newer jobs, and PostgreSQL a part of the index.
            var time = dialect.Parameter("after_time");
            conditions.Add(
                $"created_at <= {time} AND (created_at < {time} OR job_id < {dialect.Parameter("after_id")})");
            parameters.AddRange([("after_time", after.CreatedAt.UtcDateTime), ("after_id", after.JobId)]);
        }

        var where = conditions.Count == 0 ? "" : $" WHERE {string.Join(" AND ", conditions)}";
        return new JobListSql(
            $"{JobRows.SelectJobs}{where} ORDER BY created_at DESC, job_id DESC LIMIT {dialect.Parameter("limit")}",
            parameters);
    }
}
