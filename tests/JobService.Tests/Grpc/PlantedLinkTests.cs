using ForegSyte.Jobs.Tests.Queue;
using ForegSyte.Testing;
using ForegSyte.V1;

namespace ForegSyte.Jobs.Tests.Grpc;

/// <summary>
/// Somebody puts a symbolic link in the place of an artifact in video_jobs: what it points to is neither read nor
/// written nor removed.
/// </summary>
public sealed class PlantedLinkTests : IDisposable
{
    private const string Secret = "the secret of somebody else";

    private readonly TemporaryFolder _folder = new();

    public PlantedLinkTests() => File.WriteAllText(Target, Secret);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private string Target => _folder.File("secret");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task GetJobResults_ResultsAreALink_AreNotRead()
    {
        await using var service = await RunningJobService.StartAsync(new ScriptedInference());
        var jobId = (await service.SubmitAsync()).JobId;
        await service.GetWhenAsync(jobId, job => job.Status == JobStatus.Completed);
        Plant(service, ArtifactKeys.Results(Guid.Parse(jobId)));

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
        Plant(service, ArtifactKeys.Results(Guid.Parse(jobId)));
        Plant(service, ArtifactKeys.Video(Guid.Parse(jobId)));

        await service.Client.DeleteJobAsync(new DeleteJobRequest { JobId = jobId }, cancellationToken: Cancel);

        Assert.Equal(Secret, await File.ReadAllTextAsync(Target, Cancel));
    }

    [Fact]
    public async Task RunJob_LinksInThePlaceOfItsResults_AreReplacedAndTheTargetStays()
    {
        var (begun, goOn) = (new TaskCompletionSource(), new TaskCompletionSource());
        var inference = new ScriptedInference
        {
            OnProbe = () =>
            {
                begun.TrySetResult();
                return goOn.Task;
            },
        };
        await using var service = await RunningJobService.StartAsync(inference);
        var jobId = (await service.SubmitAsync()).JobId;
        await begun.Task.WaitAsync(Cancel);
        Plant(service, ArtifactKeys.Results(Guid.Parse(jobId)));
        Plant(service, ArtifactKeys.Plan(Guid.Parse(jobId)));

        goOn.SetResult();
        await service.GetWhenAsync(jobId, job => job.Status == JobStatus.Completed);

        var page = await service.Client.GetJobResultsAsync(
            new GetJobResultsRequest { JobId = jobId }, cancellationToken: Cancel);
        Assert.NotEmpty(page.Results);
        Assert.Equal(Secret, await File.ReadAllTextAsync(Target, Cancel));
    }

    private void Plant(RunningJobService service, string key)
    {
        var path = service.Storage.UriOf(key).LocalPath;
        File.Delete(path);
        File.CreateSymbolicLink(path, Target);
    }
}
