using System.Globalization;
using System.Text.Json;
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

    /// <summary>Whether a field of a JSON object is a text; never NULL. An index can serve it.</summary>
    /// <param name="json">The object; NULL has no fields.</param>
    /// <param name="key">The field.</param>
    /// <param name="value">The text.</param>
    /// <param name="valueInJson">The text as the object has it, with quotes.</param>
    string FieldEquals(string json, string key, string value, string valueInJson);
}

/// <summary>DuckDB's SQL.</summary>
internal class DuckDbDialect : IFilterDialect
{
    public string Parameter(string name) => "$" + name;

    public string Contains(string text, string part) => $"contains({text}, {part})";

    public string EndsWith(string text, string part) => $"ends_with({text}, {part})";

    public string Lower(string text) => $"lower({text})";

    public string HasField(string json, string key) => $"json_exists({json}, {Path(key)})";

    public string Field(string json, string key) => $"json_extract_string({json}, {Path(key)})";

    /// <summary>Parses only the objects that contain the text.</summary>
    public string FieldEquals(string json, string key, string value, string valueInJson) =>
        $"(coalesce(contains({json}, {valueInJson}), false) AND coalesce({Field(json, key)} = {value}, false))";

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
        (FilterField.Tenant, TextPattern pattern) => Match("tenant", comparison.Operator, pattern),
        (FilterField.Tags, TagPattern { Value: null } tag) =>
            $"coalesce({_dialect.HasField("tags_json", Parameter(tag.Key))}, false)",
        (FilterField.Tags, TagPattern { Value: { } pattern } tag) => MatchTag(tag.Key, comparison.Operator, pattern),
        (FilterField.JobId, JobIdRange ids) => (comparison.Operator == FilterOperator.NotEqual ? "NOT " : "")
            + $"(job_id BETWEEN {Parameter(ids.First)} AND {Parameter(ids.Last)})",
        _ => throw new ArgumentException($"The field {comparison.Field} cannot be compared with {comparison.Value}."),
    };

    /// <summary>A job without the tag does not match = and matches !=.</summary>
    private string MatchTag(string key, FilterOperator comparison, TextPattern pattern)
    {
        var matches = pattern is { AnyBefore: false, AnyAfter: false }
            ? _dialect.FieldEquals(
                "tags_json", Parameter(key), Parameter(pattern.Text), Parameter(JsonSerializer.Serialize(pattern.Text)))
            : "coalesce("
                + Match(_dialect.Field("tags_json", Parameter(key)), FilterOperator.Equal, pattern)
                + ", false)";
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

/// <summary>The query for the job whose results another one can take over.</summary>
/// <param name="Text">The SQL.</param>
/// <param name="Parameters">Its parameters.</param>
internal sealed record ReusableJobSql(string Text, (string Name, object? Value)[] Parameters)
{
    /// <summary>
    /// Translates <see cref="IJobStore.FindReusableAsync"/>. With frames_per_second the stride follows from the video.
    /// </summary>
    public static ReusableJobSql Of(JobRecord job, string pipelineVersion, IFilterDialect dialect)
    {
        var options = JobChoices.ToJson(job.Choices);
        (string Name, object? Value, string Condition)[] conditions =
        [
            ("tenant", job.Tenant, "tenant = {0}"),
            ("video", job.VideoSha256, "video_sha256 = {0}"),
            ("pipeline", job.PipelineId, "pipeline_id = {0}"),
            ("version", pipelineVersion, "pipeline_version = {0}"),
            ("max_frames", job.MaxFrames, "max_frames = {0}"),
            .. job.Choices.FramesPerSecond > 0
                ? ((string, object?, string)[])[]
                : [("stride", job.FrameStride, "frame_stride = {0}")],
            .. options is null
                ? ((string, object?, string)[])[]
                : [("options", options, "options_json = {0}")],
        ];
        var where = conditions
            .Select(item => string.Format(
                CultureInfo.InvariantCulture, item.Condition, dialect.Parameter(item.Name)))
            .Prepend("status = 'COMPLETED' AND pipeline_version IS NOT NULL")
            .Concat(options is null ? ["options_json IS NULL"] : []);
        return new ReusableJobSql(
            $"SELECT job_id FROM jobs WHERE {string.Join(" AND ", where)} ORDER BY ended_at DESC, job_id DESC LIMIT 1",
            [.. conditions.Select(item => (item.Name, item.Value))]);
    }
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
