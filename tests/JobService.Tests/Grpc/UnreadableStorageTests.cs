using ForegSyte.Jobs.Inference;
using ForegSyte.Jobs.Tests.Queue;
using ForegSyte.Protocol.Errors;
using ForegSyte.Testing;
using ForegSyte.V1;

namespace ForegSyte.Jobs.Tests.Grpc;

/// <summary>Jobs whose stored video no InferenceService can read, over a socket.</summary>
public sealed class UnreadableStorageTests
{
    private static readonly (string, string) QuickRetry = ("Inference:UnreadableRetryDelay", "00:00:00.010");
    private static readonly (string, string) QuickBackOff = ("Retry:FirstDelay", "00:00:00.010");

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(ErrorReason.SourceNotAllowed)]
    [InlineData(ErrorReason.SourceNotFound)]
    public async Task Jobs_StorageUnreadable_WaitWithThatReasonAndCompleteWhenItIsReadable(ErrorReason reason)
    {
        var inference = Unreadable(reason);
        await using var service = await RunningJobService.StartAsync(
            inference, QuickRetry, QuickBackOff, ("Retry:MaxAttempts", "1"));
        var first = (await service.SubmitAsync()).JobId;
        var second = (await service.SubmitAsync()).JobId;
        await service.GetWhenAsync(first, IsWaiting);
        await service.GetWhenAsync(second, IsWaiting);

        var diagnosis = (await service.Client.DiagnoseJobAsync(
            new DiagnoseJobRequest { JobId = first }, cancellationToken: Cancellation)).Diagnosis;

        Assert.StartsWith(
            $"No InferenceService can read the job's stored video in {service.StorageFolder}: "
            + $"{ErrorReasons.ToText(reason)}. The option Video:AllowedRoots of the "
            + "InferenceService must contain this folder",
            diagnosis.Explanation, StringComparison.Ordinal);

        // Each probe is one try; both jobs were tried again by then.
        var probes = inference.Probes;
        await Wait.ForAsync(
            () => Task.FromResult(inference.Probes), count => count >= probes + 6, "the jobs are tried again");
        Assert.Single(
            service.LogLines, line => line.Contains("Jobs wait: no InferenceService", StringComparison.Ordinal));
        Assert.All(
            [await service.GetAsync(first), await service.GetAsync(second)],
            job => Assert.InRange(job.Attempts.Count, 0, 1));

        inference.OnProbe = () => Task.CompletedTask;
        foreach (var jobId in new[] { first, second })
        {
            var job = await service.GetWhenAsync(jobId, job => job.Status == JobStatus.Completed);
            Assert.Empty(job.ErrorMessage);
        }

        Assert.Single(service.LogLines, line => line.Contains("read the videos again", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Job_StorageUnreadableDuringARun_KeepsItsSegmentsAndItsAttempts()
    {
        var isBroken = true;
        var inference = new ScriptedInference
        {
            OnRun = (request, _, _) => isBroken && request.Range.StartFrame > 0
                ? throw Failed(ErrorReason.SourceNotAllowed)
                : Task.CompletedTask,
        };
        inference.OnProbe = () => isBroken && inference.Requests.Count > 0
            ? throw Failed(ErrorReason.SourceNotAllowed)
            : Task.CompletedTask;
        await using var service = await RunningJobService.StartAsync(
            inference, QuickRetry, QuickBackOff, ("Retry:MaxAttempts", "1"), ("Dispatch:SegmentsInFlight", "1"));
        var jobId = (await service.SubmitAsync()).JobId;
        var waiting = await service.GetWhenAsync(jobId, IsWaiting);
        Assert.Equal(32, waiting.Progress.FramesDone);

        isBroken = false;

        var job = await service.GetWhenAsync(jobId, job => job.Status == JobStatus.Completed);
        Assert.Equal(32, job.Attempts[^1].FramesResumed);
    }

    [Fact]
    [Reaches(ErrorReason.VideoGone)]
    public async Task Job_VideoGone_FailsAtOnce()
    {
        var inference = Unreadable(ErrorReason.SourceNotFound);
        await using var service = await RunningJobService.StartAsync(inference, QuickRetry, QuickBackOff);
        var jobId = (await service.SubmitAsync()).JobId;
        await service.GetWhenAsync(jobId, IsWaiting);

        File.Delete(service.PathOf(ArtifactKeys.Video(Guid.Parse(jobId))));

        var job = await service.GetWhenAsync(jobId, job => job.Status == JobStatus.Failed);
        Assert.Equal(ErrorReason.VideoGone, ErrorStatus.ReasonOf(job.Error));
    }

    private static bool IsWaiting(Job job) => job.QueueState?.Reason == WaitReason.StorageUnreadable;

    private static ScriptedInference Unreadable(ErrorReason reason) => new() { OnProbe = () => throw Failed(reason) };

    private static InferenceFailedException Failed(ErrorReason reason) => new(new JobFailure(reason, "Not readable."));
}
