using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using ForegSyte.Testing;
using ForegSyte.V1;

namespace ForegSyte.EndToEnd.Tests.Telemetry;

/// <summary>The exported metrics after one job, over HTTP and over OTLP.</summary>
public sealed class MetricsTests(MeasuredInstallation measured) : IClassFixture<MeasuredInstallation>
{
    internal const string RunPipeline = "rpc_method=foregsyte.inference.v1.InferenceService/RunPipeline";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public void JobService_AfterOneJob_CountsIt()
    {
        var page = measured.Jobs;
        Assert.Equal(JobStatus.Completed, measured.Job.Status);
        Assert.Equal(1, page.Sum("foregsyte_jobs_submitted_total"));
        Assert.Equal(1, page.Sum("foregsyte_jobs_ended_total", "status=COMPLETED"));
        Assert.Equal(1, page.Sum("foregsyte_jobs_ended_total"));
        Assert.Equal(1, page.Sum("foregsyte_jobs_attempt_duration_seconds_count", "outcome=completed"));
        Assert.Equal(0, page.Sum("foregsyte_jobs_leases_lost_total"));
        Assert.Equal(0, page.Sum("foregsyte_jobs_queue_depth"));
        Assert.Equal(1, page.Sum("foregsyte_jobs_inference_services_serving"));
        Assert.InRange(page.Sum("foregsyte_jobs_duration_seconds_sum"), 0.01, 120);
        Assert.InRange(page.Sum("foregsyte_jobs_storage_free_bytes"), 1 << 20, double.MaxValue);

        // At least submission, claim and completion.
        Assert.InRange(page.Sum("foregsyte_jobs_commit_size_count"), 3, double.MaxValue);
        Assert.Equal(
            1,
            page.Sum(
                "rpc_server_call_duration_seconds_count", "rpc_method=foregsyte.v1.JobService/SubmitVideo",
                "rpc_response_status_code=OK"));
    }

    [Fact]
    public void InferenceService_AfterOneJob_MeasuresItsStages()
    {
        var page = measured.Inference;
        Assert.Equal(4, page.Sum("foregsyte_inference_frames_total", "outcome=analyzed"));
        Assert.Equal(96, page.Sum("foregsyte_inference_frames_total", "outcome=skipped"));
        Assert.Equal(4, page.Sum("foregsyte_inference_stage_compute_time_seconds_count", "stage=detect"));
        Assert.Equal(4, page.Sum("foregsyte_inference_stage_compute_time_seconds_count", "stage=read"));
        Assert.NotEqual(0, page.Sum("foregsyte_inference_stage_compute_time_seconds_sum"));
        Assert.Equal(
            page.Sum("foregsyte_inference_segment_duration_seconds_count", "outcome=ok"),
            page.Sum("rpc_server_call_duration_seconds_count", RunPipeline, "rpc_response_status_code=OK"));
    }

    [Fact]
    public async Task Calls_InOpenMetricsFormat_HaveTheirTraceAsExemplar()
    {
        var page = await measured.FetchAsync(
            measured.Services.JobService, "application/openmetrics-text; version=1.0.0");

        Assert.EndsWith("# EOF\n", page, StringComparison.Ordinal);
        var trace = measured.Job.TraceParent.Split('-')[1];
        Assert.Contains(
            page.Split('\n'),
            line => line.StartsWith("rpc_server_call_duration_seconds_bucket", StringComparison.Ordinal)
                && line.Contains("JobService/SubmitVideo", StringComparison.Ordinal)
                && line.Contains($"# {{trace_id=\"{trace}\"", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Metrics_OverOtlp_ArriveWithTheirExemplars()
    {
        var trace = measured.Job.TraceParent.Split('-')[1];
        await measured.Collector.Metrics.WaitForAsync(metric => metric.Name == "rpc.server.call.duration"
            && metric.Histogram.DataPoints.SelectMany(point => point.Exemplars)
                .Any(exemplar => Convert.ToHexStringLower(exemplar.TraceId.Span) == trace));
        await measured.Collector.Metrics.WaitForAsync(metric => metric.Name == "foregsyte.jobs.queue.depth");
        await measured.Collector.Metrics.WaitForAsync(
            metric => metric.Name == "foregsyte.inference.stage.compute_time");
    }

    [Fact]
    public void Document_ListsTheExportedMetrics()
    {
        var text = new StringBuilder(
            "| metric | type | unit | labels | what it is | of |\n|---|---|---|---|---|---|\n");
        foreach (var (family, service) in ExportedMetrics.Of(measured))
        {
            text.Append(CultureInfo.InvariantCulture, $"| {family.Name} | {family.Type} ")
                .Append(CultureInfo.InvariantCulture, $"| {family.Unit} ")
                .Append(CultureInfo.InvariantCulture, $"| {string.Join(", ", family.Labels)} ")
                .Append(CultureInfo.InvariantCulture, $"| {family.Help} | {service} |\n");
        }

        GeneratedSection.Check("observability.md", "metrics", text.ToString());
    }

    [Theory]
    [InlineData("prometheus/alerts.yml")]
    [InlineData("prometheus/alerts.test.yml")]
    [InlineData("grafana/foregsyte.json")]
    public async Task Queries_UseOnlyExportedMetrics(string file)
    {
        var text = await File.ReadAllTextAsync(
            Path.Combine(RepositoryFiles.Root, "deploy", file), Token);
        var names = QueryNames.Read(text);

        Assert.NotEmpty(names.Metrics);
        var families = ExportedMetrics.Of(measured).Select(row => row.Family).Concat(ExportedMetrics.Runtime(measured))
            .ToList();
        Assert.Empty(names.Metrics.Except(families.SelectMany(family => family.SeriesNames)).Except(["up"]));
        Assert.Empty(names.Labels.Except(families.SelectMany(family => family.Labels))
            .Except(["job", "instance", "le"]));
    }

    [Fact]
    public void QueryNames_FindMetricsAndLabels()
    {
        var names = QueryNames.Read(
            """e: sum by (le, status) (rate(foregsyte_x_bucket{state="a b",reason!~"C|D"}[5m])) / up{job="x"}""");

        Assert.Equal(["foregsyte_x_bucket", "up"], names.Metrics.Order());
        Assert.Equal(["job", "le", "reason", "state", "status"], names.Labels.Order());
    }
}

/// <summary>Names in the queries of a file.</summary>
/// <param name="Metrics">Names of series.</param>
/// <param name="Labels">Names of labels in selectors and groupings.</param>
internal sealed partial record QueryNames(IReadOnlySet<string> Metrics, IReadOnlySet<string> Labels)
{
    /// <summary>
    /// Finds the names by their form, in YAML and JSON. It only finds names with a prefix that the services export.
    /// </summary>
    public static QueryNames Read(string text)
    {
        text = text.Replace("\\\"", "\"", StringComparison.Ordinal);
        var labels = Selector().Matches(text)
            .SelectMany(selector => LabelName().Matches(selector.Groups["inside"].Value))
            .Select(label => label.Groups["name"].Value)
            .Concat(Grouping().Matches(text)
                .SelectMany(grouping => grouping.Groups["names"].Value.Split(
                    ',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)));
        return new QueryNames(
            MetricName().Matches(text).Select(name => name.Value).ToHashSet(), labels.ToHashSet());
    }

    [GeneratedRegex(@"\b(foregsyte_[a-z_]+|rpc_server_[a-z_]+|dotnet_[a-z_]+|up)\b(?=[\s{\[)'""]|$)",
        RegexOptions.Multiline)]
    private static partial Regex MetricName();

    [GeneratedRegex(@"\b(foregsyte_[a-z_]+|rpc_server_[a-z_]+|dotnet_[a-z_]+|up)\{(?<inside>[^}]*)\}")]
    private static partial Regex Selector();

    [GeneratedRegex(@"(?<name>[a-z_]+)\s*(=~|!~|!=|=)\s*""")]
    private static partial Regex LabelName();

    [GeneratedRegex(@"\bby\s*\((?<names>[^)]*)\)")]
    private static partial Regex Grouping();
}
