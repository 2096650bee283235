using ForegSyte.Client;
using ForegSyte.Testing;
using ForegSyte.V1;

namespace ForegSyte.EndToEnd.Tests;

/// <summary>
/// kill -9 and stops: an acknowledged job is never lost, never stuck, and its results are what they would be.
/// </summary>
public sealed class CrashTests
{
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
        var undisturbed = await RunUndisturbedAsync(services);

        var jobId = await SubmitAndWaitForProgressAsync(services);
        await services.JobService.KillAsync();
        await services.JobService.DisposeAsync();
        await services.StartJobServiceAsync();

        var job = await WaitForCompletionAsync(services, jobId);
        Assert.Equal(JobStatus.Completed, job.Status);
        Refusal.ReadFrom(job);
        Assert.Equal(["LEASE_LOST", ""], job.Attempts.Select(attempt => attempt.ErrorReason));
        Assert.True(job.Attempts[1].FramesResumed > 0);
        Assert.Equal(undisturbed, await ReadResultsAsync(services, job));
        await AssertNothingLeftOverAsync(services, jobs: 2);
    }

    [Fact]
    public async Task JobService_KilledAfterTheAcknowledgement_HasTheJobAfterItsRestart()
    {
        await using var services = new Installation(SmallSegments);
        await services.StartJobServiceAsync();
        string jobId;
        await using (var client = services.Client())
        {
            jobId = (await client.SubmitFileAsync(RepositoryFiles.Pedestrians, EveryThirdFrame, Token)).JobId;
        }

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
        var undisturbed = await RunUndisturbedAsync(services);

        var jobId = await SubmitAndWaitForProgressAsync(services);
        await services.InferenceService.KillAsync();
        await services.InferenceService.DisposeAsync();
        await services.StartInferenceServiceAsync();

        var job = await WaitForCompletionAsync(services, jobId);
        Assert.Equal(JobStatus.Completed, job.Status);
        Refusal.ReadFrom(job);
        Assert.Equal("INFERENCE_UNAVAILABLE", job.Attempts[0].ErrorReason);
        Assert.Equal(undisturbed, await ReadResultsAsync(services, job));
    }

    [Fact]
    public async Task JobService_Stopped_HandsTheJobBackAndEndsWithZero()
    {
        await using var services = new Installation(
            new Dictionary<string, string>(SmallSegments) { ["Stop:GraceTime"] = "00:00:00" });
        await services.StartAsync();
        var jobId = await SubmitAndWaitForProgressAsync(services);

        Assert.Equal(0, await services.JobService.StopAsync());
        await services.JobService.DisposeAsync();
        await services.StartJobServiceAsync();

        var job = await WaitForCompletionAsync(services, jobId);
        Assert.Equal(JobStatus.Completed, job.Status);
        Assert.Equal(["SHUTTING_DOWN", ""], job.Attempts.Select(attempt => attempt.ErrorReason));
    }

    private static async Task<string> RunUndisturbedAsync(Installation services)
    {
        await using var client = services.Client();
        var job = await client.SubmitFileAsync(RepositoryFiles.Pedestrians, EveryThirdFrame, Token);
        job = await client.WaitForCompletionAsync(job.JobId, TimeSpan.FromMinutes(3), Token);
        return await ReadResultsAsync(services, job);
    }

    /// <summary>Returns when the job runs, has finished a segment and has some left.</summary>
    private static async Task<string> SubmitAndWaitForProgressAsync(Installation services)
    {
        await using var client = services.Client();
        var job = await client.SubmitFileAsync(RepositoryFiles.Pedestrians, EveryThirdFrame, Token);
        await foreach (var seen in client.WatchJobAsync(job.JobId, TimeSpan.FromMinutes(3), Token))
        {
            if (seen.Progress.FramesDone > 0)
            {
                Assert.Equal(JobStatus.Running, seen.Status);
                return job.JobId;
            }
        }

        throw new InvalidOperationException("The job ended before it showed progress.");
    }

    private static async Task<Job> WaitForCompletionAsync(Installation services, string jobId)
    {
        await using var client = services.Client();
        return await client.WaitForCompletionAsync(jobId, TimeSpan.FromMinutes(3), Token);
    }

    private static Task<string> ReadResultsAsync(Installation services, Job job) =>
        File.ReadAllTextAsync(Path.Combine(services.Storage, job.OutputPath), Token);

    /// <summary>
    /// Of each job the video, the results and the sidecar; and which generation of the database wrote them. The
    /// segments go after the completion is told, so they get a bounded time.
    /// </summary>
    private static async Task AssertNothingLeftOverAsync(Installation services, int jobs)
    {
        var expected = (jobs * 3) + 1;
        for (var look = 0; look < 100 && Names().Count != expected; look++)
        {
            await Task.Delay(100, Token);
        }

        Assert.Equal(expected, Names().Count);
        Assert.Equal(".generation", Assert.Single(Names(), name => name.StartsWith('.')));

        List<string> Names() => [.. Directory.GetFiles(services.Storage).Select(path => Path.GetFileName(path)!)];
    }
}
