using System.Text;
using ForegSyte.V1;

namespace ForegSyte.EndToEnd.Tests.Telemetry;

/// <summary>What the services export of one job, read over HTTP and over OTLP.</summary>
public sealed class MetricsTests(MeasuredInstallation measured) : IClassFixture<MeasuredInstallation>
{
    private const string RunPipeline = "rpc_method=foregsyte.v1.InferenceService/RunPipeline";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public void JobService_AfterOneJob_HasCountedIt()
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
        Assert.True(page.Sum("foregsyte_jobs_storage_free_bytes") > 1 << 20);
        var commits = page.Sum("foregsyte_jobs_commit_size_count");
        Assert.True(commits >= 3, $"{commits} commits: submit, claim and completion are three.");
        Assert.Equal(
            1,
            page.Sum(
                "rpc_server_call_duration_seconds_count", "rpc_method=foregsyte.v1.JobService/SubmitVideo",
                "rpc_response_status_code=OK"));
    }

    [Fact]
    public void InferenceService_AfterOneJob_HasMeasuredItsStages()
    {
        var page = measured.Inference;
        Assert.Equal(4, page.Sum("foregsyte_inference_frames_total", "outcome=analyzed"));
        Assert.Equal(96, page.Sum("foregsyte_inference_frames_total", "outcome=skipped"));
        Assert.Equal(4, page.Sum("foregsyte_inference_stage_compute_time_seconds_count", "stage=detect"));
        Assert.Equal(4, page.Sum("foregsyte_inference_stage_compute_time_seconds_count", "stage=read"));
        Assert.True(page.Sum("foregsyte_inference_stage_compute_time_seconds_sum") > 0);
        Assert.Equal(
            page.Sum("foregsyte_inference_segment_duration_seconds_count", "outcome=ok"),
            page.Sum("rpc_server_call_duration_seconds_count", RunPipeline, "rpc_response_status_code=OK"));
    }

    [Fact]
    public async Task Calls_AsOpenMetrics_HaveTheirTraceAsExemplar()
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
    public void Document_ListsWhatIsExported()
    {
        var text = new StringBuilder(
            "| metric | type | unit | labels | what it is | of |\n|---|---|---|---|---|---|\n");
        foreach (var (family, service) in ExportedMetrics.Of(measured))
        {
            text.Append(System.Globalization.CultureInfo.InvariantCulture, $"| {family.Name} | {family.Type} ")
                .Append(System.Globalization.CultureInfo.InvariantCulture, $"| {family.Unit} ")
                .Append(System.Globalization.CultureInfo.InvariantCulture, $"| {string.Join(", ", family.Labels)} ")
                .Append(System.Globalization.CultureInfo.InvariantCulture, $"| {family.Help} | {service} |\n");
        }

        WrittenDocument.Check("observability.md", "metrics", text.ToString());
    }

    [Theory]
    [InlineData("prometheus/alerts.yml")]
    [InlineData("prometheus/alerts.test.yml")]
    [InlineData("grafana/foregsyte.json")]
    public async Task Queries_NameOnlyWhatIsExported(string file)
    {
        var text = await File.ReadAllTextAsync(
            Path.Combine(ForegSyte.Testing.RepositoryFiles.Root, "deploy", file), Token);
        var names = QueryNames.Read(text);

        Assert.NotEmpty(names.Metrics);
        var families = ExportedMetrics.Of(measured).Select(row => row.Family).Concat(ExportedMetrics.Runtime(measured))
            .ToList();
        Assert.Empty(names.Metrics.Except(families.SelectMany(family => family.SeriesNames)).Except(["up"]));
        Assert.Empty(names.Labels.Except(families.SelectMany(family => family.Labels))
            .Except(["job", "instance", "le"]));
    }

    [Fact]
    public void QueryNames_OfAQuery_AreItsMetricsAndItsLabels()
    {
        var names = QueryNames.Read(
            """e: sum by (le, status) (rate(foregsyte_x_bucket{state="a b",reason!~"C|D"}[5m])) / up{job="x"}""");

        Assert.Equal(["foregsyte_x_bucket", "up"], names.Metrics.Order());
        Assert.Equal(["job", "le", "reason", "state", "status"], names.Labels.Order());
    }
}
