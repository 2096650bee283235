using CsCheck;
using ForegSyte.Jobs.Tests.Storage;
using ForegSyte.V1;

namespace ForegSyte.Jobs.Tests.Jobs.Filters;

/// <summary>Random filters, and random jobs that often match them.</summary>
internal static class FilterGenerators
{
    /// <summary>Short texts of few characters, including those that are special in filters and in SQL.</summary>
    public static readonly Gen<string> Text =
        Gen.OneOf("a", "b", "*", "%", "_", "\\", "'", "\"", "é", " ", "$").Array[0, 4].Select(string.Concat);

    public static readonly Gen<DateTimeOffset> Instant =
        Gen.Int[-3, 3].Select(i => TestJobs.Noon.AddTicks(i * TimeSpan.TicksPerMicrosecond));

    public static readonly Gen<JobStatus> Status =
        Gen.OneOf([.. Enum.GetValues<JobStatus>().Where(status => status != JobStatus.Unspecified)]);

    public static readonly Gen<JobRecord> Job = Gen.Select(Status, Text, Text, Instant, Gen.Guid).Select(
        (status, pipeline, name, createdAt, jobId) => TestJobs.Pending(jobId, createdAt) with
        {
            Status = status,
            PipelineId = pipeline,
            DisplayName = name,
        });

    private static readonly Gen<FilterOperator> Equality = Gen.OneOf(FilterOperator.Equal, FilterOperator.NotEqual);

    private static readonly Gen<JobFilter> TextComparison = Gen.Select(
        Gen.OneOf(FilterField.PipelineId, FilterField.DisplayName), Equality, Text, Gen.Bool, Gen.Bool).Select(
        (field, comparison, text, before, after) =>
            // "*" alone matches any text; the parser reads it as a wildcard before an empty text.
            (JobFilter)new JobFilter.Comparison(
                field, comparison, new TextPattern(text, before, after && !(before && text == ""))))
        .Where(filter => filter is not JobFilter.Comparison
        {
            Value: TextPattern { Text: "", AnyBefore: false, AnyAfter: true },
        });

    private static readonly Gen<JobFilter> Comparison = Gen.OneOf<JobFilter>(
        TextComparison,
        Gen.Select(Equality, Status, (comparison, status) =>
            (JobFilter)new JobFilter.Comparison(FilterField.Status, comparison, status)),
        Gen.Select(Gen.Enum<FilterOperator>(), Instant, (comparison, instant) =>
            (JobFilter)new JobFilter.Comparison(FilterField.CreatedAt, comparison, instant)));

    /// <summary>Trees of up to four levels.</summary>
    public static readonly Gen<JobFilter> Filter = Tree(levels: 4);

    private static Gen<JobFilter> Tree(int levels)
    {
        if (levels == 0)
        {
            return Comparison;
        }

        var inner = Tree(levels - 1);
        return Gen.OneOf<JobFilter>(
            Comparison,
            Gen.Select(inner, inner, (left, right) => (JobFilter)new JobFilter.And(left, right)),
            Gen.Select(inner, inner, (left, right) => (JobFilter)new JobFilter.Or(left, right)),
            inner.Select(filter => (JobFilter)new JobFilter.Not(filter)));
    }
}
