using System.Globalization;
using ForegSyte.V1;

namespace ForegSyte.Jobs.Tests.Jobs.Filters;

/// <summary>Prints a filter so that parsing the text returns the same tree.</summary>
internal static class FilterText
{
    public static string Print(JobFilter filter) => filter switch
    {
        // Both operators are left-associative, so a right side of the same kind needs parentheses.
        JobFilter.And(var left, var right) =>
            $"{Print(left)} AND {(right is JobFilter.And ? Group(right) : Print(right))}",
        JobFilter.Or(var left, var right) => $"{(left is JobFilter.Or ? Print(left) : Term(left))} OR {Term(right)}",
        JobFilter.Not(var inner) => "NOT " + Term(inner),
        JobFilter.Comparison { Value: TagPattern { Value: null } tag } => $"tags:{tag.Key}",
        JobFilter.Comparison { Value: TagPattern tag } comparison =>
            $"tags.{tag.Key} {Symbol(comparison.Operator)} {Value(tag.Value)}",
        JobFilter.Comparison comparison =>
            $"{Name(comparison.Field)} {Symbol(comparison.Operator)} {Value(comparison.Value)}",
        _ => throw new ArgumentOutOfRangeException(nameof(filter), filter, null),
    };

    private static string Term(JobFilter filter) =>
        filter is JobFilter.And or JobFilter.Or ? Group(filter) : Print(filter);

    private static string Group(JobFilter filter) => $"({Print(filter)})";

    private static string Name(FilterField field) => field switch
    {
        FilterField.Status => "status",
        FilterField.PipelineId => "pipeline_id",
        FilterField.DisplayName => "display_name",
        FilterField.JobId => "job_id",
        FilterField.Tenant => "tenant",
        _ => "created_at",
    };

    private static string Symbol(FilterOperator comparison) => comparison switch
    {
        FilterOperator.Equal => "=",
        FilterOperator.NotEqual => "!=",
        FilterOperator.Less => "<",
        FilterOperator.LessOrEqual => "<=",
        FilterOperator.Greater => ">",
        FilterOperator.Has => ":",
        _ => ">=",
    };

    private static string Value(object value) => value switch
    {
        JobStatus status => JobStatusNames.Of(status),
        DateTimeOffset instant =>
            string.Create(CultureInfo.InvariantCulture, $"\"{instant:yyyy-MM-ddTHH:mm:ss.ffffffZ}\""),
        JobIdRange ids when ids.First == ids.Last => $"\"{ids.First}\"",
        JobIdRange ids => $"\"{CommonDigits(ids)}*\"",
        TextPattern pattern =>
            $"\"{(pattern.AnyBefore ? "*" : "")}{Escape(pattern.Text)}{(pattern.AnyAfter ? "*" : "")}\"",
        _ => throw new ArgumentOutOfRangeException(nameof(value), value, null),
    };

    private static string CommonDigits(JobIdRange ids)
    {
        var (first, last) = (ids.First.ToString("N"), ids.Last.ToString("N"));
        return string.Concat(first.Zip(last).TakeWhile(pair => pair.First == pair.Second).Select(pair => pair.First));
    }

    private static string Escape(string text) => text
        .Replace("\\", "\\\\", StringComparison.Ordinal)
        .Replace("\"", "\\\"", StringComparison.Ordinal)
        .Replace("*", "\\*", StringComparison.Ordinal);
}
