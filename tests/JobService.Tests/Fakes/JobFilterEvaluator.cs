using ForegSyte.V1;

namespace ForegSyte.Jobs.Tests.Fakes;

/// <summary>Evaluates a filter without SQL.</summary>
internal static class JobFilterEvaluator
{
    public static bool Matches(JobFilter filter, JobRecord job) => filter switch
    {
        JobFilter.And(var left, var right) => Matches(left, job) && Matches(right, job),
        JobFilter.Or(var left, var right) => Matches(left, job) || Matches(right, job),
        JobFilter.Not(var inner) => !Matches(inner, job),
        JobFilter.Comparison { Value: DateTimeOffset instant } comparison =>
            Holds(comparison.Operator, job.CreatedAt.CompareTo(instant)),
        JobFilter.Comparison { Value: JobStatus status } comparison =>
            Holds(comparison.Operator, job.Status == status ? 0 : 1),
        JobFilter.Comparison { Value: JobIdRange ids } comparison => Holds(
            comparison.Operator, Digits(job.JobId, ids.First) >= 0 && Digits(job.JobId, ids.Last) <= 0 ? 0 : 1),
        JobFilter.Comparison { Operator: FilterOperator.Has, Value: TextPattern pattern } comparison =>
            TextOf(comparison.Field, job).Contains(pattern.Text, StringComparison.OrdinalIgnoreCase),
        JobFilter.Comparison { Value: TagPattern { Value: null } tag } => job.Tags.Find(tag.Key) is not null,
        JobFilter.Comparison { Value: TagPattern tag } comparison => Holds(
            comparison.Operator, job.Tags.Find(tag.Key) is { } value && Matches(tag.Value, value) ? 0 : 1),
        JobFilter.Comparison { Value: TextPattern pattern } comparison =>
            Holds(comparison.Operator, Matches(pattern, TextOf(comparison.Field, job)) ? 0 : 1),
        _ => throw new ArgumentOutOfRangeException(nameof(filter), filter, null),
    };

    private static string TextOf(FilterField field, JobRecord job) => field switch
    {
        FilterField.PipelineId => job.PipelineId,
        FilterField.DisplayName => job.DisplayName,
        FilterField.Tenant => job.Tenant,
        _ => throw new ArgumentOutOfRangeException(nameof(field), field, "It is no text."),
    };

    private static int Digits(Guid id, Guid other) => string.CompareOrdinal(id.ToString("N"), other.ToString("N"));

    private static bool Matches(TextPattern pattern, string text) => (pattern.AnyBefore, pattern.AnyAfter) switch
    {
        (true, true) => text.Contains(pattern.Text, StringComparison.Ordinal),
        (true, false) => text.EndsWith(pattern.Text, StringComparison.Ordinal),
        (false, true) => text.StartsWith(pattern.Text, StringComparison.Ordinal),
        (false, false) => text == pattern.Text,
    };

    private static bool Holds(FilterOperator comparison, int order) => comparison switch
    {
        FilterOperator.Equal => order == 0,
        FilterOperator.NotEqual => order != 0,
        FilterOperator.Less => order < 0,
        FilterOperator.LessOrEqual => order <= 0,
        FilterOperator.Greater => order > 0,
        FilterOperator.GreaterOrEqual => order >= 0,
        _ => throw new ArgumentOutOfRangeException(nameof(comparison), comparison, null),
    };
}
