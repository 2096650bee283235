using ForegSyte.Jobs.Tests.Queue;
using ForegSyte.Testing;
using ForegSyte.V1;

namespace ForegSyte.Jobs.Tests.Grpc;

/// <summary>
/// A symbolic link replaces an artifact in video_jobs. The service must not read, write or remove its target.
/// </summary>
public sealed class SymbolicLinkTests : IDisposable
{
    private const string Secret = "a file of another user";

    private readonly TemporaryFolder _folder = new();

    public SymbolicLinkTests() => File.WriteAllText(Target, Secret);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private string Target => _folder.File("secret");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task GetJobResults_ResultsAreALink_AreNotFollowed()
    {
        await using var service = await RunningJobService.StartAsync(new ScriptedInference());
        var jobId = (await service.SubmitAsync()).JobId;
        await service.GetWhenAsync(jobId, job => job.Status == JobStatus.Completed);
        ReplaceByLink(service, ArtifactKeys.Results(Guid.Parse(jobId)));

        var (_, info, status) = await RunningJobService.FailureOfAsync(
            service.Client.GetJobResultsAsync(new GetJobResultsRequest { JobId = jobId }, cancellationToken: Cancel));

        Assert.Equal("RESULTS_DAMAGED", info.Reason);
        Assert.DoesNotContain(_folder.Path, status.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task DeleteJob_ArtifactsAreLinks_TargetStays()
    {
        await using var service = await RunningJobService.StartAsync(new ScriptedInference());
        var jobId = (await service.SubmitAsync()).JobId;
        await service.GetWhenAsync(jobId, job => job.Status == JobStatus.Completed);
        ReplaceByLink(service, ArtifactKeys.Results(Guid.Parse(jobId)));
        ReplaceByLink(service, ArtifactKeys.Video(Guid.Parse(jobId)));

        await service.Client.DeleteJobAsync(new DeleteJobRequest { JobId = jobId }, cancellationToken: Cancel);

        Assert.Equal(Secret, await File.ReadAllTextAsync(Target, Cancel));
    }

    [Fact]
    public async Task RunJob_LinksInsteadOfItsResults_AreReplaced()
    {
        var (started, resume) = (new TaskCompletionSource(), new TaskCompletionSource());
        var inference = new ScriptedInference
        {
            OnProbe = () =>
            {
                started.TrySetResult();
                return resume.Task;
            },
        };
        await using var service = await RunningJobService.StartAsync(inference);
        var jobId = (await service.SubmitAsync()).JobId;
        await started.Task.WaitAsync(Cancel);
        ReplaceByLink(service, ArtifactKeys.Results(Guid.Parse(jobId)));
        ReplaceByLink(service, ArtifactKeys.Plan(Guid.Parse(jobId)));

        resume.SetResult();
        await service.GetWhenAsync(jobId, job => job.Status == JobStatus.Completed);

        var page = await service.Client.GetJobResultsAsync(
            new GetJobResultsRequest { JobId = jobId }, cancellationToken: Cancel);
        Assert.NotEmpty(page.Results);
        Assert.Equal(Secret, await File.ReadAllTextAsync(Target, Cancel));
    }

    private void ReplaceByLink(RunningJobService service, string key)
    {
        var path = Path.Combine(service.Storage.Folder!, key);
        File.Delete(path);
        File.CreateSymbolicLink(path, Target);
    }
}
