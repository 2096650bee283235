using ForegSyte.Client;
using ForegSyte.Protocol.Errors;
using ForegSyte.Testing;
using ForegSyte.V1;

namespace ForegSyte.EndToEnd.Tests;

/// <summary>
/// After kill -9 or a stop of a service, every acknowledged job completes with the results of an uninterrupted run.
/// </summary>
public sealed class CrashTests
{
    /// <summary>Attempts to hit a running job; a fast machine can complete a job first.</summary>
    private const int MaxTries = 5;

    private static readonly Dictionary<string, string> SmallSegments = new()
    {
        ["Dispatch:SegmentFrames"] = "4",
        ["Inference:HealthInterval"] = "00:00:00.050",
        ["Retry:FirstDelay"] = "00:00:00.050",
    };

    private static readonly SubmitOptions EveryThirdFrame = new() { PipelineId = "detect_only", FrameStride = 3 };

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    [Reaches(ErrorReason.LeaseLost)]
    public async Task JobService_KilledMidJob_CompletesAfterItsRestartWithTheSameResults()
    {
        await using var services = new Installation(SmallSegments);
        await services.StartAsync();
        var expected = await RunUninterruptedAsync(services);
        await services.JobService.DisposeAsync();

        // The service kills itself after it has stored the second segment.
        await services.StartJobServiceAsync(new Dictionary<string, string>
        {
            ["Faults:CrashAt"] = "SegmentStored",
            ["Faults:CrashAtPassing"] = "2",
        });
        var jobId = await SubmitAsync(services);
        await services.JobService.Exit.WaitAsync(Wait.Timeout, Token);
        await services.RestartJobServiceAsync();

        var job = await WaitForCompletionAsync(services, jobId);
        Assert.Equal(JobStatus.Completed, job.Status);
        Refusal.ReadFrom(job);
        Assert.Equal([ErrorReason.LeaseLost, ErrorReason.Unspecified], job.Attempts.Select(ReasonOf));
        Assert.NotEqual(0, job.Attempts[1].FramesResumed);
        Assert.Equal(expected, await ReadResultsAsync(services, job));
        await AssertStoredFilesAsync(services, jobs: 2);
    }

    [Fact]
    public async Task JobService_KilledAfterTheAcknowledgement_HasTheJobAfterItsRestart()
    {
        await using var services = new Installation(SmallSegments);
        await services.StartJobServiceAsync();
        var jobId = await SubmitAsync(services);

        await services.JobService.KillAsync();
        await services.JobService.DisposeAsync();
        await services.StartAsync();
        Assert.Equal(JobStatus.Completed, (await WaitForCompletionAsync(services, jobId)).Status);
    }

    [Fact]
    [Reaches(ErrorReason.InferenceUnavailable)]
    public async Task InferenceService_KilledMidSegment_IsRetriedWhenItIsBack()
    {
        await using var services = new Installation(SmallSegments);
        await services.StartAsync();
        var expected = await RunUninterruptedAsync(services);

        var job = await InterruptAsync(services, services.RestartInferenceServiceAsync);

        Refusal.ReadFrom(job);
        Assert.Equal(ErrorReason.InferenceUnavailable, ReasonOf(job.Attempts[0]));
        Assert.Equal(expected, await ReadResultsAsync(services, job));
    }

    [Fact]
    public async Task JobService_Stopped_HandsTheJobBackAndExitsWithZero()
    {
        await using var services = new Installation(
            new Dictionary<string, string>(SmallSegments) { ["Stop:GraceTime"] = "00:00:00" });
        await services.StartAsync();

        var job = await InterruptAsync(services, async () =>
        {
            Assert.Equal(0, await services.JobService.StopAsync());
            await services.RestartJobServiceAsync();
        });

        Assert.Equal([ErrorReason.ShuttingDown, ErrorReason.Unspecified], job.Attempts.Select(ReasonOf));
    }

    /// <summary>
    /// Submits a job, interrupts it while it runs, and waits for its completion. If the job was faster, it repeats this
    /// with another job.
    /// </summary>
    /// <returns>The first job that needed a second attempt.</returns>
    private static async Task<Job> InterruptAsync(Installation services, Func<Task> interruptAsync)
    {
        for (var tries = 0; tries < MaxTries; tries++)
        {
            var jobId = await SubmitAsync(services);
            await WaitUntilStartedAsync(services, jobId);
            await interruptAsync();
            var job = await WaitForCompletionAsync(services, jobId);
            Assert.Equal(JobStatus.Completed, job.Status);
            if (job.Attempts.Count > 1)
            {
                return job;
            }
        }

        throw new InvalidOperationException($"Each of {MaxTries} jobs completed before its interruption.");
    }

    private static async Task<string> RunUninterruptedAsync(Installation services) =>
        await ReadResultsAsync(services, await WaitForCompletionAsync(services, await SubmitAsync(services)));

    private static async Task<string> SubmitAsync(Installation services)
    {
        await using var client = services.Client();
        return (await client.SubmitFileAsync(
            RepositoryFiles.Pedestrians, EveryThirdFrame, cancellationToken: Token)).JobId;
    }

    private static async Task WaitUntilStartedAsync(Installation services, string jobId)
    {
        await using var client = services.Client();
        await foreach (var job in client.WatchJobAsync(jobId, Wait.Timeout, cancellationToken: Token))
        {
            if (job.Status != JobStatus.Pending)
            {
                return;
            }
        }
    }

    private static async Task<Job> WaitForCompletionAsync(Installation services, string jobId)
    {
        await using var client = services.Client();
        return await client.WaitForCompletionAsync(jobId, Wait.Timeout, cancellationToken: Token);
    }

    private static async Task<string> ReadResultsAsync(Installation services, Job job) =>
        await File.ReadAllTextAsync(Path.Combine(services.Storage, $"{job.JobId}_results.json"), Token)
        + await File.ReadAllTextAsync(Path.Combine(services.Storage, $"{job.JobId}_tracks.json"), Token);

    private static ErrorReason ReasonOf(Attempt attempt) => ErrorStatus.ReasonOf(attempt.Error);

    /// <summary>
    /// Each job has a video, results, tracks and a manifest; one more file holds the generation of the database. The
    /// sweep deletes segments after the completion, so the check waits for it.
    /// </summary>
    private static async Task AssertStoredFilesAsync(Installation services, int jobs)
    {
        await Wait.UntilEqualAsync((jobs * 4) + 1, () => Names().Count);
        Assert.Equal(".generation", Assert.Single(Names(), name => name.StartsWith('.')));

        List<string> Names() => [.. Directory.GetFiles(services.Storage).Select(path => Path.GetFileName(path)!)];
    }
}
