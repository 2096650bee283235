using CsCheck;
using ForegSyte.V1;

namespace ForegSyte.Jobs.Tests.Jobs.Filters;

public sealed class JobFilterParserTests
{
    private static readonly JobFilter Failed = Is(JobStatus.Failed);
    private static readonly JobFilter Pending = Is(JobStatus.Pending);
    private static readonly JobFilter Running = Is(JobStatus.Running);

    [Fact]
    public void Parse_OrBesideAnd_OrBindsTighter() => Assert.Equal(
        new JobFilter.And(Failed, new JobFilter.Or(Pending, Running)),
        JobFilterParser.Parse("status = FAILED AND status = PENDING OR status = RUNNING"));

    [Fact]
    public void Parse_Parentheses_Group() => Assert.Equal(
        new JobFilter.Or(new JobFilter.And(Failed, Pending), Running),
        JobFilterParser.Parse("(status = FAILED AND status = PENDING) OR status = RUNNING"));

    [Fact]
    public void Parse_NotAndMinus_BindTightest()
    {
        var expected = new JobFilter.Or(new JobFilter.Not(Failed), Pending);

        Assert.Equal(expected, JobFilterParser.Parse("NOT status = FAILED OR status = PENDING"));
        Assert.Equal(expected, JobFilterParser.Parse("-status = FAILED OR status = PENDING"));
        Assert.Equal(new JobFilter.Not(new JobFilter.And(Failed, Pending)),
            JobFilterParser.Parse("-(status=FAILED AND status=PENDING)"));
    }

    [Theory]
    [InlineData("status = FAILED")]
    [InlineData("status=failed")]
    [InlineData("status = JOB_STATUS_FAILED")]
    [InlineData("status = \"job_status_Failed\"")]
    [InlineData("  (status\t=\nFAILED)  ")]
    public void Parse_StatusInAnySpelling_IsTheStatus(string filter) =>
        Assert.Equal(Failed, JobFilterParser.Parse(filter));

    [Theory]
    [InlineData("clip.mp4", "clip.mp4", false, false)]
    [InlineData("\"*.mp4\"", ".mp4", true, false)]
    [InlineData("\"gate*\"", "gate", false, true)]
    [InlineData("*gate*", "gate", true, true)]
    [InlineData("\"*\"", "", true, false)]
    [InlineData("\"a*b\"", "a*b", false, false)]
    [InlineData("\"\\*.mp4\"", "*.mp4", false, false)]
    [InlineData("\"a\\*\"", "a*", false, false)]
    [InlineData("\"*\\*\"", "*", true, false)]
    [InlineData("\"say \\\"hi\\\" \\\\ it's\"", "say \"hi\" \\ it's", false, false)]
    [InlineData("'single \" quotes'", "single \" quotes", false, false)]
    [InlineData("\"\"", "", false, false)]
    [InlineData("\"AND\"", "AND", false, false)]
    [InlineData("a\\b*", "a\\b", false, true)]
    public void Parse_DisplayName_IsThePattern(string value, string text, bool anyBefore, bool anyAfter) =>
        Assert.Equal(
            new JobFilter.Comparison(
                FilterField.DisplayName, FilterOperator.NotEqual, new TextPattern(text, anyBefore, anyAfter)),
            JobFilterParser.Parse("display_name != " + value));

    [Theory]
    [InlineData("created_at >= 2026-01-31T12:00:00Z", FilterOperator.GreaterOrEqual, 0)]
    [InlineData("created_at < \"2026-01-31T13:00:00.000001+01:00\"", FilterOperator.Less, 1)]
    [InlineData("created_at<=\"2026-01-31T12:00:00.1234560Z\"", FilterOperator.LessOrEqual, 123_456)]
    [InlineData("created_at>2026-01-31T12:00:00-00:00", FilterOperator.Greater, 0)]
    public void Parse_CreatedAt_IsTheInstantInUtc(string filter, object comparison, int microseconds)
    {
        var noon = new DateTimeOffset(2026, 1, 31, 12, 0, 0, TimeSpan.Zero);

        var parsed = Assert.IsType<JobFilter.Comparison>(JobFilterParser.Parse(filter));

        Assert.Equal((FilterOperator)comparison, parsed.Operator);
        Assert.Equal(noon.AddMicroseconds(microseconds), Assert.IsType<DateTimeOffset>(parsed.Value));
        Assert.Equal(TimeSpan.Zero, ((DateTimeOffset)parsed.Value).Offset);
    }

    [Theory]
    [InlineData("", 1, "a field")]
    [InlineData("   ", 4, "a field")]
    [InlineData("size = 3", 1, "status, pipeline_id, display_name, created_at, tags, job_id")]
    [InlineData("job_id = \"*\"", 10, "is not a job id")]
    [InlineData("job_id = \"*abc\"", 10, "is not a job id")]
    [InlineData("job_id = abcd", 10, "is not a job id")]
    [InlineData("job_id = \"xyz*\"", 10, "is not a job id")]
    [InlineData("job_id:abcd*", 7, "= or !=")]
    [InlineData("\"status\" = FAILED", 1, "a field")]
    [InlineData("status", 7, "=, != or ':'")]
    [InlineData("status : LOST", 10, "PENDING, RUNNING, COMPLETED, FAILED, CANCELLED")]
    [InlineData("status:", 8, "a value")]
    [InlineData("display_name:\"\"", 14, "in every text")]
    [InlineData("display_name:*", 14, "in every text")]
    [InlineData("created_at:2026-01-31T00:00:00Z", 11, "=, !=, <, <=, > or >=")]
    [InlineData("tags", 5, "a key")]
    [InlineData("tags = camera", 6, "a key")]
    [InlineData("tags.camera", 12, "=, != or ':'")]
    [InlineData("tags.camera < north", 13, "only created_at has an order")]
    [InlineData("tags.Camera = north", 6, "not the key of a tag")]
    [InlineData("tags. = north", 6, "not the key of a tag")]
    [InlineData("tags.a.b = north", 6, "not the key of a tag")]
    [InlineData("tags:Camera", 6, "not the key of a tag")]
    [InlineData("tags:cam*", 6, "not the key of a tag")]
    [InlineData("tags:*", 6, "not the key of a tag")]
    [InlineData("status < FAILED", 8, "only created_at has an order")]
    [InlineData("display_name >= a", 14, "only created_at has an order")]
    [InlineData("status =", 9, "a value")]
    [InlineData("status = = FAILED", 10, "a value")]
    [InlineData("status = LOST", 10, "PENDING, RUNNING, COMPLETED, FAILED, CANCELLED")]
    [InlineData("status = UNSPECIFIED", 10, "PENDING")]
    [InlineData("status = FAILED status = PENDING", 17, "AND or OR")]
    [InlineData("status = FAILED and status = PENDING", 17, "AND or OR")]
    [InlineData("status = FAILED AND", 20, "a field")]
    [InlineData("(status = FAILED", 17, "')'")]
    [InlineData("status = FAILED)", 16, "')' without a '('")]
    [InlineData("NOT", 4, "a field")]
    [InlineData("! status = FAILED", 1, "NOT")]
    [InlineData("display_name = \"a", 16, "closing")]
    [InlineData("display_name = \"a\\\"", 16, "closing")]
    [InlineData("display_name = \"a\\n\"", 18, "\\n")]
    [InlineData("created_at > yesterday", 14, "RFC 3339")]
    [InlineData("created_at > 2026-01-31", 14, "RFC 3339")]
    [InlineData("created_at > 2026-02-30T00:00:00Z", 14, "RFC 3339")]
    [InlineData("created_at > \"2026-01-31 00:00:00Z\"", 14, "RFC 3339")]
    [InlineData("created_at > 2026-01-31T00:00:00", 14, "RFC 3339")]
    [InlineData("created_at > 2026-01-31T00:00:00.0000001Z", 14, "microsecond")]
    [InlineData("created_at > 0001-01-01T00:00:00+14:00", 14, "RFC 3339")]
    public void Parse_InvalidFilter_NamesThePositionAndWhatWasExpected(string filter, int position, string expected)
    {
        var failure = Assert.Throws<FilterSyntaxException>(() => JobFilterParser.Parse(filter));

        Assert.Equal(position, failure.Position);
        Assert.Contains(expected, failure.Problem, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("job_id:abcd*", "expected = or !=, found ':'.")]
    [InlineData("created_at:2026-01-31T00:00:00Z", "expected =, !=, <, <=, > or >=, found ':'.")]
    [InlineData("tags != camera", "expected ':' and a key, or tags.key, found '!='.")]
    [InlineData("tags < camera",
        "expected ':' and a key, or tags.key, because only created_at has an order, found '<'.")]
    [InlineData("status = FAILED \"x\"", "expected AND or OR, found \"x\".")]
    [InlineData("status =", "expected a value, found the end of the filter.")]
    [InlineData("status = FAILED AND -",
        "expected a field (status, pipeline_id, display_name, created_at, tags, job_id, tenant), NOT or '(', "
        + "found '-'.")]
    [InlineData("tags:Camera",
        "'Camera' is not the key of a tag; expected a lower-case letter, then lower-case letters, digits, "
        + "underscores or hyphens.")]
    [InlineData("job_id = abcd",
        "'abcd' is not a job id; expected a UUID, or its first digits and a star, for example \"3f0c1c6e*\".")]
    [InlineData("created_at > yesterday",
        "'yesterday' is not an RFC 3339 timestamp; expected one such as \"2026-01-31T00:00:00Z\".")]
    public void Parse_InvalidFilter_SaysWhatWasExpectedAndWhatWasFound(string filter, string problem) => Assert.Equal(
        problem, Assert.Throws<FilterSyntaxException>(() => JobFilterParser.Parse(filter)).Problem);

    [Theory]
    [InlineData("tags:camera")]
    [InlineData("tags : \"camera\"")]
    [InlineData("tags.camera:*")]
    public void Parse_TagKey_IsThePresenceOfTheTag(string filter) => Assert.Equal(
        new JobFilter.Comparison(FilterField.Tags, FilterOperator.Has, new TagPattern("camera", null)),
        JobFilterParser.Parse(filter));

    [Theory]
    [InlineData("tags.camera:north", "north", false, false)]
    [InlineData("tags.camera:\"north\"", "north", false, false)]
    [InlineData("tags.camera = north:2", "north:2", false, false)]
    [InlineData("tags.camera:north:2.5", "north:2.5", false, false)]
    [InlineData("tags.camera=\"north*\"", "north", false, true)]
    [InlineData("tags.camera = \"100%_\"", "100%_", false, false)]
    public void Parse_TagAndValue_IsTheValueOfTheTag(string filter, string text, bool anyBefore, bool anyAfter) =>
        Assert.Equal(
            new JobFilter.Comparison(
                FilterField.Tags, FilterOperator.Equal,
                new TagPattern("camera", new TextPattern(text, anyBefore, anyAfter))),
            JobFilterParser.Parse(filter));

    [Theory]
    [InlineData("display_name:lobby", "lobby")]
    [InlineData("display_name:\"*lobby*\"", "lobby")]
    [InlineData("display_name:\"a*b\"", "a*b")]
    [InlineData("display_name:\"\\*\"", "*")]
    public void Parse_PartOfAText_IsContained(string filter, string text) => Assert.Equal(
        new JobFilter.Comparison(
            FilterField.DisplayName, FilterOperator.Has, new TextPattern(text, AnyBefore: true, AnyAfter: true)),
        JobFilterParser.Parse(filter));

    [Theory]
    [InlineData("status:FAILED")]
    [InlineData("status : failed")]
    public void Parse_StatusWithHas_IsTheStatus(string filter) =>
        Assert.Equal(Failed, JobFilterParser.Parse(filter));

    [Fact]
    public void Parse_AtAndOverTheLimits()
    {
        var deepest = new string('(', 20) + "status=FAILED" + new string(')', 20);
        Assert.Equal(Failed, JobFilterParser.Parse(deepest));
        Assert.Contains("20 deep", Failure($"({deepest})"), StringComparison.Ordinal);
        Assert.Contains(
            "20 deep", Failure(string.Concat(Enumerable.Repeat("NOT ", 21)) + "status=FAILED"),
            StringComparison.Ordinal);

        Assert.Equal(Failed, JobFilterParser.Parse("status=FAILED".PadRight(1000)));
        var tooLong = Assert.Throws<FilterSyntaxException>(
            () => JobFilterParser.Parse("status=FAILED".PadRight(1001)));
        Assert.Equal((1001, "a filter can have at most 1000 code points."), (tooLong.Position, tooLong.Problem));

        // As many of the shortest comparisons as fit.
        var most = string.Join(" OR ", Enumerable.Repeat("tags:a", 100));
        JobFilterParser.Parse(most);
        Assert.Contains("1000 code points", Failure($"{most} OR tags:a"), StringComparison.Ordinal);

        static string Failure(string filter) =>
            Assert.Throws<FilterSyntaxException>(() => JobFilterParser.Parse(filter)).Problem;
    }

    [Fact]
    public void Parse_PrintedFilter_IsTheSameTree() => FilterGenerators.Filter
        .Where(filter => FilterText.Print(filter).Length <= JobFilterParser.MaxLength)
        .Sample(filter => filter == JobFilterParser.Parse(FilterText.Print(filter)), print: FilterText.Print);

    [Fact]
    public void Parse_AnyText_ReturnsOrNamesAPositionInIt() =>
        Gen.OneOf(
            "status", "created_at", "display_name", "tags", ".", ":", "camera", "=", "<", "!=", "(", ")", "AND", "OR",
            "NOT", "-", " ", "\"", "'", "\\",
            "FAILED", "*", "2026-01-31T00:00:00Z", "é").Array[0, 20].Select(string.Concat).Sample(filter =>
        {
            try
            {
                JobFilterParser.Parse(filter);
            }
            catch (FilterSyntaxException failure)
            {
                Assert.InRange(failure.Position, 1, filter.Length + 1);
            }
        });

    private static JobFilter.Comparison Is(JobStatus status) => new(FilterField.Status, FilterOperator.Equal, status);
}
