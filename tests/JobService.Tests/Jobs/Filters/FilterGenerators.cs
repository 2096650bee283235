using CsCheck;
using ForegSyte.Jobs.Tests.Storage;
using ForegSyte.V1;

namespace ForegSyte.Jobs.Tests.Jobs.Filters;

/// <summary>Random filters, and random jobs that often match them.</summary>
internal static class FilterGenerators
{
    /// <summary>Short texts of few characters, including those that are special in filters and in SQL.</summary>
    public static readonly Gen<string> Text =
        Gen.OneOf("a", "b", "A", "*", "%", "_", "\\", "'", "\"", "é", " ", "$").Array[0, 4].Select(string.Concat);

    public static readonly Gen<DateTimeOffset> Instant =
        Gen.Int[-3, 3].Select(i => TestJobs.Noon.AddTicks(i * TimeSpan.TicksPerMicrosecond));

    public static readonly Gen<JobStatus> Status =
        Gen.OneOf([.. Enum.GetValues<JobStatus>().Where(status => status != JobStatus.Unspecified)]);

    private static readonly Gen<string> TagKey = Gen.OneOf("a", "b-1", "b_1", "c");

    private static readonly Gen<JobTags> Tags = Gen.Select(TagKey, Text).Array[0, 3].Select(tags =>
        new JobTags(tags.DistinctBy(tag => tag.Item1).Select(tag => KeyValuePair.Create(tag.Item1, tag.Item2))));

    public static readonly Gen<JobRecord> Job = Gen.Select(Status, Text, Text, Instant, Gen.Guid, Tags).Select(
        (status, pipeline, name, createdAt, jobId, tags) => TestJobs.Pending(jobId, createdAt) with
        {
            Status = status,
            PipelineId = pipeline,
            DisplayName = name,

            // Of two texts, so that filters by either differ.
            Tenant = name.Length > 1 ? pipeline : name,
            Tags = tags,
        });

    private static readonly Gen<FilterOperator> Equality = Gen.OneOf(FilterOperator.Equal, FilterOperator.NotEqual);

    // "*" alone matches any text; the parser reads it as a wildcard before an empty text.
    private static readonly Gen<TextPattern> Pattern = Gen.Select(Text, Gen.Bool, Gen.Bool).Select(
        (text, before, after) => new TextPattern(text, before, after && !(before && text == "")))
        .Where(pattern => pattern is not { Text: "", AnyBefore: false, AnyAfter: true });

    private static readonly Gen<FilterField> TextField =
        Gen.OneOf(FilterField.PipelineId, FilterField.DisplayName, FilterField.Tenant);

    private static readonly Gen<JobFilter> TextComparison = Gen.OneOf<JobFilter>(
        Gen.Select(TextField, Equality, Pattern, (field, comparison, pattern) =>
            (JobFilter)new JobFilter.Comparison(field, comparison, pattern)),
        Gen.Select(TextField, Text.Where(text => text.Length > 0), (field, text) =>
            (JobFilter)new JobFilter.Comparison(field, FilterOperator.Has, new TextPattern(text, true, true))));

    private static readonly Gen<JobFilter> TagComparison = Gen.OneOf<JobFilter>(
        TagKey.Select(key =>
            (JobFilter)new JobFilter.Comparison(FilterField.Tags, FilterOperator.Has, new TagPattern(key, null))),
        Gen.Select(TagKey, Equality, Pattern, (key, comparison, pattern) =>
            (JobFilter)new JobFilter.Comparison(FilterField.Tags, comparison, new TagPattern(key, pattern))));

    /// <summary>A whole id, or the ids that begin with a few digits.</summary>
    private static readonly Gen<JobIdRange> Ids = Gen.Select(Gen.Guid, Gen.OneOf(1, 2, 9, 32)).Select((id, digits) =>
    {
        var start = id.ToString("N")[..digits];
        return new JobIdRange(Guid.Parse(start.PadRight(32, '0')), Guid.Parse(start.PadRight(32, 'f')));
    });

    private static readonly Gen<JobFilter> Comparison = Gen.OneOf<JobFilter>(
        TextComparison,
        Gen.Select(Equality, Ids, (comparison, ids) =>
            (JobFilter)new JobFilter.Comparison(FilterField.JobId, comparison, ids)),
        TagComparison,
        Gen.Select(Equality, Status, (comparison, status) =>
            (JobFilter)new JobFilter.Comparison(FilterField.Status, comparison, status)),
        Gen.Select(Gen.Enum<FilterOperator>().Where(x => x != FilterOperator.Has), Instant, (comparison, instant) =>
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
