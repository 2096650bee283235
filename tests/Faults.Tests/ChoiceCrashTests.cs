using ForegSyte.Jobs.Faults;
using ForegSyte.Testing;
using ForegSyte.Testing.Faults;
using ForegSyte.V1;
using Grpc.Core;
using Duration = Google.Protobuf.WellKnownTypes.Duration;

namespace ForegSyte.Faults.Tests;

/// <summary>
/// kill -9 of the JobService during a job over parts of a video, one with adaptive sampling, and one that takes over
/// the results of an equal one: all have the same bytes as without the kill.
/// </summary>
public sealed class ChoiceCrashTests(BaselineRun baseline, WholeRuns whole) : IClassFixture<WholeRuns>
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static TheoryData<string, int> PointsOfParts => new()
    {
        { nameof(CrashPoint.JobPlanned), 1 },
        { nameof(CrashPoint.SegmentReturned), 2 },
        { nameof(CrashPoint.SegmentStored), 3 },
        { nameof(CrashPoint.ResultsWritten), 1 },
        { nameof(CrashPoint.ResultsStored), 1 },
        { nameof(CrashPoint.ManifestStored), 1 },
    };

    internal static JobOptions Parts => new()
    {
        FramesPerSecond = 5,
        TimeRanges = { Part(1, 2), Part(4, 6), Part(9, 60) },
    };

    internal static JobOptions Adaptive => new() { Sampling = Sampling.Adaptive };

    public static TheoryData<string, int> PointsOfSegments => new()
    {
        { nameof(CrashPoint.SegmentReturned), 1 },
        { nameof(CrashPoint.SegmentStored), 1 },
        { nameof(CrashPoint.SegmentStored), 2 },
        { nameof(CrashPoint.ResultsWritten), 1 },
    };

    public static TheoryData<string> PointsOfReuse =>
    [
        nameof(CrashPoint.JobQueued), nameof(CrashPoint.JobClaimed), nameof(CrashPoint.ResultsStored),
        nameof(CrashPoint.ManifestStored), nameof(CrashPoint.JobCompleted),
    ];

    [Theory]
    [MemberData(nameof(PointsOfParts))]
    public async Task JobService_KilledDuringAJobOverParts_GivesTheSameBytes(string point, int passing)
    {
        Assert.Equal(
            new FrameAccounting { Total = 100, Analyzed = 20, Skipped = 80 }, whole.OfParts.Job.Summary?.Frames);
        await using var service = new RestartableJobService([baseline.Inference.Address]);

        var resumed = await KillAndResumeAsync(service, Enum.Parse<CrashPoint>(point), passing, Parts, reuse: false);

        Assert.Equal("", resumed.ReusedJobId);
        await AssertSameAsync(service, whole.OfParts, resumed);
    }

    [Theory]
    [MemberData(nameof(PointsOfSegments))]
    public async Task JobService_KilledDuringAnAdaptiveJob_GivesTheSameBytes(string point, int passing)
    {
        Assert.InRange(whole.OfAdaptive.Job.Summary?.Frames.Interpolated ?? 0, 50, 80);
        await using var service = new RestartableJobService([baseline.Inference.Address]);

        var resumed = await KillAndResumeAsync(
            service, Enum.Parse<CrashPoint>(point), passing, Adaptive, reuse: false);

        await AssertSameAsync(service, whole.OfAdaptive, resumed);
    }

    [Theory]
    [MemberData(nameof(PointsOfReuse))]
    public async Task JobService_KilledDuringAReuse_GivesTheSameBytes(string point)
    {
        await using var service = new RestartableJobService([baseline.Inference.Address]);
        await service.StartAsync();
        var first = await service.WaitForEndAsync(await SubmitAsync(service, Parts, reuse: true), Token);
        Assert.Equal("", first.ReusedJobId);
        Assert.Matches("^[0-9a-f]{64}$", first.PipelineVersion);

        var second = await KillAndResumeAsync(service, Enum.Parse<CrashPoint>(point), passing: 1, Parts, reuse: true);

        Assert.Equal((first.JobId, first.PipelineVersion), (second.ReusedJobId, second.PipelineVersion));
        await AssertSameAsync(service, new WholeRun(first, await service.ReadResultsAsync(first, Token)), second);
        await service.Client.DeleteJobAsync(new DeleteJobRequest { JobId = first.JobId }, cancellationToken: Token);
        Assert.NotEmpty(await service.ReadResultsAsync(second, Token));
    }

    /// <summary>Submits a job to a service that kills itself, starts it again, and waits for the job.</summary>
    private static async Task<Job> KillAndResumeAsync(
        RestartableJobService service, CrashPoint point, int passing, JobOptions options, bool reuse)
    {
        await service.StartAsync(point, passing);
        var requestId = Guid.NewGuid().ToString();
        try
        {
            await SubmitAsync(service, options, reuse, requestId);
        }
        catch (RpcException lost) when (lost.StatusCode is StatusCode.Unavailable or StatusCode.Internal
            or StatusCode.Cancelled or StatusCode.Unknown)
        {
            // The service was killed before it answered.
        }

        Assert.Equal(RestartableJobService.Killed, await service.Process.Exit.WaitAsync(Wait.Timeout, Token));
        await service.StartAsync();
        return await service.WaitForEndAsync(await SubmitAsync(service, options, reuse, requestId), Token);
    }

    internal static async Task<string> SubmitAsync(
        RestartableJobService service, JobOptions options, bool reuse, string requestId = "")
    {
        // Without a version nothing is reused; an InferenceService tells it soon after the start.
        await Wait.ForAsync(
            async () => await service.Client.ListPipelinesAsync(new ListPipelinesRequest(), cancellationToken: Token),
            pipelines => pipelines.Pipelines.All(pipeline => pipeline.Version.Length > 0),
            "the versions of the pipelines are known");
        var call = new SubmitVideoRequest
        {
            Uri = JobRequest.VideoUri,
            PipelineId = "detect_only",
            RequestId = requestId,
            ReuseResults = reuse,
            Options = options,
        };
        return (await service.Client.SubmitVideoAsync(call, cancellationToken: Token)).Job.JobId;
    }

    private static TimeRange Part(int start, int end) =>
        new() { Start = new Duration { Seconds = start }, End = new Duration { Seconds = end } };

    private static async Task AssertSameAsync(RestartableJobService service, WholeRun expected, Job actual)
    {
        Assert.Equal((JobStatus.Completed, JobStatus.Completed), (expected.Job.Status, actual.Status));
        Assert.Equal(expected.Results, await service.ReadResultsAsync(actual, Token));
        Assert.Equal(expected.Job.Summary, actual.Summary);
        Assert.Equal(expected.Job.Progress, actual.Progress);
    }
}

/// <summary>A job without a kill, and its documents.</summary>
/// <param name="Job">The job at its end.</param>
/// <param name="Results">Its results and its tracks.</param>
internal sealed record WholeRun(Job Job, byte[] Results);

/// <summary>The jobs of the tests in a run without a kill, made once.</summary>
public sealed class WholeRuns(BaselineRun baseline) : IAsyncLifetime
{
    /// <summary>The job over parts of the video.</summary>
    internal WholeRun OfParts { get; private set; } = null!;

    /// <summary>The job with adaptive sampling.</summary>
    internal WholeRun OfAdaptive { get; private set; } = null!;

    /// <inheritdoc />
    public async ValueTask InitializeAsync()
    {
        await using var service = new RestartableJobService([baseline.Inference.Address]);
        await service.StartAsync();
        OfParts = await RunAsync(service, ChoiceCrashTests.Parts);
        OfAdaptive = await RunAsync(service, ChoiceCrashTests.Adaptive);
    }

    /// <inheritdoc />
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private static async Task<WholeRun> RunAsync(RestartableJobService service, JobOptions options)
    {
        var token = TestContext.Current.CancellationToken;
        var jobId = await ChoiceCrashTests.SubmitAsync(service, options, reuse: false);
        var job = await service.WaitForEndAsync(jobId, token);
        return new WholeRun(job, await service.ReadResultsAsync(job, token));
    }
}
