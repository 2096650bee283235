using ForegSyte.Client;
using ForegSyte.Protocol.Errors;
using ForegSyte.Testing;
using ForegSyte.V1;

namespace ForegSyte.EndToEnd.Tests;

/// <summary>A JobService whose data folder is not the one that the InferenceService may read.</summary>
public sealed class MovedDataFolderTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Jobs_DataFolderMoved_WaitAndCompleteWhenTheAllowedRootsAreCorrected()
    {
        using var earlier = new TemporaryFolder();
        await using var services = new Installation(
            new Dictionary<string, string> { ["Inference:UnreadableRetryDelay"] = "00:00:00.100" },
            new Dictionary<string, string> { ["Video:AllowedRoots:0"] = earlier.Path });
        await services.StartAsync();
        await using var client = services.Client();
        var options = new SubmitOptions { PipelineId = "detect_only", FrameStride = 10 };
        var submitted = await client.SubmitFileAsync(RepositoryFiles.Pedestrians, options, cancellationToken: Token);
        var jobId = submitted.JobId;
        await Wait.ForAsync(
            () => client.GetJobAsync(jobId, cancellationToken: Token),
            job => job.QueueState?.Reason == WaitReason.StorageUnreadable, "the job waits for the storage");
        var diagnosis = await client.DiagnoseJobAsync(jobId, cancellationToken: Token);
        Assert.Contains(services.Storage, diagnosis.Explanation, StringComparison.Ordinal);
        Assert.Contains("Video:AllowedRoots", diagnosis.Explanation, StringComparison.Ordinal);

        await services.RestartInferenceServiceAsync([("Video:AllowedRoots:0", services.Storage)]);

        var job = await Wait.ForAsync(
            () => client.GetJobAsync(jobId, cancellationToken: Token),
            job => job.Status == JobStatus.Completed, "the job completes");
        Assert.Equal(ErrorReason.Unspecified, ErrorStatus.ReasonOf(job.Error));
        Assert.NotEqual(0, job.Summary.Frames.Analyzed);
    }
}
