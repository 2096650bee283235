using System.Diagnostics;
using System.Text.Json;
using ForegSyte.Client;
using ForegSyte.Testing;
using ForegSyte.V1;
using Grpc.Core;
using Grpc.Net.Client;

namespace ForegSyte.EndToEnd.Tests.Telemetry;

/// <summary>
/// One job is one trace, from the command line to the decoder and across a crash. The processes export their spans over
/// OTLP.
/// </summary>
public sealed class TraceTests
{
    private const string Submit = "foregsyte.v1.JobService/SubmitVideo";
    private const string Run = "foregsyte.inference.v1.InferenceService/RunPipeline";

    private static readonly string[] ToAttempt =
        ["foregsyte submit", "SubmitFile", Submit, Submit, "job.attempt"];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Job_FromTheCommandLineToTheDecoder_IsOneTrace()
    {
        await using var collector = await Collector.StartAsync();
        await using var services = Start(collector, segmentFrames: 50);
        await services.StartAsync();

        var submit = await CommandLineProcess.RunAsync(
            services.JobAddress, collector.Settings,
            "submit", RepositoryFiles.Pedestrians, "--pipeline", "detect_only", "--stride", "10");
        Assert.True(submit.ExitCode == 0, $"Exit code {submit.ExitCode}: {submit.StandardError}");
        var jobId = submit.StandardOutput.Trim();
        var job = await CompleteAsync(services, jobId);

        var all = await collector.Spans.WaitForAsync(spans => IsWhole(spans, jobId));
        var trace = Assert.Single(all.Named("foregsyte submit")).TraceId;
        var spans = all.Where(span => span.TraceId == trace).ToList();
        AssertPaths(spans);
        Assert.All(
            spans.Where(span => span["foregsyte.job.id"].Length > 0),
            span => Assert.Equal(jobId, span["foregsyte.job.id"]));
        Assert.DoesNotContain(spans, span => span.IsError);
        Assert.Equal(10, spans.Named("stage detect").Sum(Frames));
        Assert.Equal(10, spans.Named("segment.decode").Sum(Frames));

        Assert.Contains(trace, job.TraceParent, StringComparison.Ordinal);
        var get = await CommandLineProcess.RunAsync(
            services.JobAddress, new Dictionary<string, string>(), "get", jobId);
        Assert.Contains(trace, get.StandardOutput, StringComparison.Ordinal);
        var diagnose = await CommandLineProcess.RunAsync(
            services.JobAddress, new Dictionary<string, string>(), "diagnose", jobId);
        Assert.Contains($"Trace {trace}", diagnose.StandardOutput, StringComparison.Ordinal);
        await AssertLogsHaveAsync(trace, $"Job {jobId} started (attempt 1)", services.JobService);
        await AssertLogsHaveAsync(
            trace, $"Segment analyzed for job {jobId} (attempt 1, pipeline detect_only)", services.InferenceService);
        GeneratedSection.WriteIfAsked("observability.md", "trace", TraceText.Of(spans));
    }

    [Fact]
    public async Task JobService_KilledMidJob_GoesOnInTheSameTrace()
    {
        await using var collector = await Collector.StartAsync();
        await using var services = Start(collector, segmentFrames: 5);
        await services.StartAsync();
        var jobId = await SubmitAndHoldAsync(services);
        await collector.Spans.WaitForAsync(spans => spans.Named("job.segment").Count > 0);

        await services.JobService.KillAsync();
        services.InferenceService.Thaw();
        await services.RestartJobServiceAsync();
        await CompleteAsync(services, jobId);

        var all = await collector.Spans.WaitForAsync(spans => IsWhole(spans, jobId));
        var submission = Assert.Single(all.Named(Submit));
        var spans = all.Where(span => span.TraceId == submission.TraceId).ToList();
        var attempts = spans.Named("job.attempt").OrderBy(span => span["foregsyte.job.attempt"]).ToList();
        Assert.Equal(["lost", "completed"], attempts.Select(span => span["foregsyte.job.outcome"]));
        Assert.Equal(["LEASE_LOST", ""], attempts.Select(span => span["error.type"]));
        Assert.Equal([true, false], attempts.Select(span => span.IsError));
        Assert.All(attempts, span => Assert.Equal(submission.SpanId, span.ParentId));
        Assert.InRange(attempts[1].Start, attempts[0].Start + attempts[0].Duration, DateTimeOffset.MaxValue);

        // The parent of the segment before the crash was lost with its process; the others belong to the second
        // attempt.
        Assert.Contains(spans.Named("job.segment"), span => spans.PathOf(span)[0] == "?");
        Assert.Contains(spans.Named("job.segment"), span => span.ParentId == attempts[1].SpanId);
        Assert.Equal(
            all.Where(span => span["foregsyte.job.id"] == jobId && span.Name != "foregsyte.v1.JobService/WaitJob"
                && span.Name != "foregsyte.v1.JobService/GetJob").Select(span => span.SpanId).Order(),
            spans.Where(span => span["foregsyte.job.id"] == jobId).Select(span => span.SpanId).Order());
        GeneratedSection.WriteIfAsked("observability.md", "restart", TraceText.Of(WithoutLaterSegments(spans)));
    }

    [Fact]
    public async Task Logs_WithoutExporter_HaveTheTraceIdOfTheCaller()
    {
        await using var services = new Installation(new Dictionary<string, string> { ["Log:Format"] = "Json" });
        await services.StartJobServiceAsync();
        using var channel = GrpcChannel.ForAddress(services.JobAddress);
        var trace = ActivityTraceId.CreateRandom().ToHexString();
        await Assert.ThrowsAsync<RpcException>(async () => await new JobService.JobServiceClient(channel).GetJobAsync(
            new GetJobRequest { JobId = Guid.NewGuid().ToString() },
            new Metadata { { "traceparent", $"00-{trace}-b7ad6b7169203331-01" } },
            cancellationToken: Token));

        await AssertLogsHaveAsync(
            trace, "/foregsyte.v1.JobService/GetJob failed with JOB_NOT_FOUND", services.JobService);
    }

    [Fact]
    public async Task Collector_Unreachable_FailsNoJobAndIsLogged()
    {
        var settings = new Dictionary<string, string>
        {
            ["OTEL_EXPORTER_OTLP_ENDPOINT"] = "http://127.0.0.1:1",
            ["OTEL_BSP_SCHEDULE_DELAY"] = "20",
        };
        await using var services = new Installation(settings, settings);
        await services.StartAsync();
        var submit = await CommandLineProcess.RunAsync(
            services.JobAddress, settings,
            "submit", RepositoryFiles.Pedestrians, "--pipeline", "detect_only", "--max-frames", "1");

        Assert.True(submit.ExitCode == 0, $"Exit code {submit.ExitCode}: {submit.StandardError}");
        await CompleteAsync(services, submit.StandardOutput.Trim());
        await services.JobService.StopAsync();
        const string Marker = "OpenTelemetry reported a problem: ";
        var lines = services.JobService.Output.Split('\n')
            .Where(line => line.Contains(Marker, StringComparison.Ordinal)).ToList();
        Assert.Contains(lines, line => line.Contains("http://127.0.0.1:1", StringComparison.Ordinal));
        Assert.All(lines, line => Assert.Contains("127.0.0.1:1", line, StringComparison.Ordinal));
        Assert.Equal(lines.Count, lines.Select(line => line[line.IndexOf(Marker, StringComparison.Ordinal)..])
            .Distinct().Count());
    }

    /// <summary>The spans without the segments after the first of each attempt, which all look alike.</summary>
    private static List<ReceivedSpan> WithoutLaterSegments(IReadOnlyList<ReceivedSpan> spans)
    {
        var omitted = spans.Where(span => span.Name == "job.segment")
            .GroupBy(span => span.ParentId)
            .SelectMany(segments => segments.OrderBy(span => span.Start).Skip(1))
            .Select(span => span.SpanId)
            .ToHashSet();
        for (var count = -1; count != omitted.Count;)
        {
            count = omitted.Count;
            omitted.UnionWith(spans.Where(span => omitted.Contains(span.ParentId)).Select(span => span.SpanId));
        }

        return [.. spans.Where(span => !omitted.Contains(span.SpanId))];
    }

    private static void AssertPaths(List<ReceivedSpan> spans)
    {
        string[] toSegment = [.. ToAttempt, "job.segment"];
        string[] toRun = [.. toSegment, Run, Run];
        (string Name, string[] Path)[] expected =
        [
            ("job.store_video", [.. ToAttempt[..^1], "job.store_video"]),
            ("job.commit", [.. ToAttempt[..^1], "job.commit"]),
            ("job.queue", [.. ToAttempt[..^1], "job.queue"]),
            ("job.attempt", ToAttempt),
            ("job.segment", toSegment),
            ("segment.queue", [.. toRun, "segment.queue"]),
            ("segment.decode", [.. toRun, "segment.decode"]),
            ("stage detect", [.. toRun, "stage detect"]),
            ("ffmpeg", [.. toRun, "ffmpeg"]),
            ("job.results", [.. ToAttempt, "job.results"]),
        ];
        foreach (var (name, path) in expected)
        {
            Assert.NotEmpty(spans.Named(name));
            Assert.All(spans.Named(name), span => Assert.Equal(path, spans.PathOf(span)));
        }

        Assert.Equal(
            [
                .. ToAttempt, "foregsyte.inference.v1.InferenceService/ProbeVideo",
                "foregsyte.inference.v1.InferenceService/ProbeVideo", "ffprobe",
            ],
            spans.PathOf(Assert.Single(spans.Named("ffprobe"))));
    }

    private static Installation Start(Collector collector, int segmentFrames)
    {
        var settings = new Dictionary<string, string>(collector.Settings) { ["Log:Format"] = "Json" };
        return new Installation(
            new Dictionary<string, string>(settings)
            {
                ["Dispatch:SegmentFrames"] = segmentFrames.ToString(System.Globalization.CultureInfo.InvariantCulture),
                ["Dispatch:SegmentsInFlight"] = "1",
                ["Inference:HealthInterval"] = "00:00:00.050",
                ["Inference:HealthTimeout"] = "00:00:30",
                ["Retry:FirstDelay"] = "00:00:00.050",
            },
            settings);
    }

    /// <summary>Whether the last spans of a job have arrived; each process exports its own.</summary>
    private static bool IsWhole(IReadOnlyList<ReceivedSpan> spans, string jobId)
    {
        var ofJob = spans.Where(span => span["foregsyte.job.id"] == jobId).ToList();
        return ofJob.Any(span => span["foregsyte.job.outcome"] == "completed")
            && ofJob.Any(span => span.Name == Submit)
            && ofJob.Any(span => span.Name == "ffmpeg")
            && spans.Named("job.segment").All(segment => spans.Any(
                call => call.Name == Run && spans.Any(made => made.ParentId == call.SpanId)
                    && call.ParentId == segment.SpanId));
    }

    private static int Frames(ReceivedSpan span) =>
        int.Parse(span["foregsyte.frames"], System.Globalization.CultureInfo.InvariantCulture);

    /// <summary>The log line with this message has the trace id.</summary>
    private static async Task AssertLogsHaveAsync(string trace, string message, ServiceProcess service)
    {
        await service.PrintsAsync($"\"Message\":\"{message}");
        var line = Assert.Single(
            service.Output.Split('\n'), line => line.Contains($"\"Message\":\"{message}", StringComparison.Ordinal));
        using var document = JsonDocument.Parse(line);
        Assert.Contains(
            document.RootElement.GetProperty("Scopes").EnumerateArray(),
            scope => scope.TryGetProperty("TraceId", out var id) && id.GetString() == trace);
    }

    /// <summary>
    /// Submits a job of 20 segments and, after its first segment, suspends the InferenceService, so that the job stays
    /// unfinished.
    /// </summary>
    private static async Task<string> SubmitAndHoldAsync(Installation services)
    {
        await using var client = services.Client();
        var job = await client.SubmitFileAsync(
            RepositoryFiles.Pedestrians, new SubmitOptions { PipelineId = "detect_only" }, cancellationToken: Token);
        await foreach (var seen in client.WatchJobAsync(job.JobId, Wait.Timeout, cancellationToken: Token))
        {
            if (seen.Progress.FramesDone > 0)
            {
                services.InferenceService.Freeze();
                break;
            }
        }

        return job.JobId;
    }

    private static async Task<Job> CompleteAsync(Installation services, string jobId)
    {
        await using var client = services.Client();
        var job = await client.WaitForCompletionAsync(jobId, Wait.Timeout, cancellationToken: Token);
        Assert.Equal(JobStatus.Completed, job.Status);
        return job;
    }
}
