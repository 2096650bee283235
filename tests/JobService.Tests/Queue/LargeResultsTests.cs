using ForegSyte.Jobs.Storage;
using ForegSyte.Jobs.Tests.Fakes;
using ForegSyte.V1;

namespace ForegSyte.Jobs.Tests.Queue;

/// <summary>Jobs with an index beside their results, in a storage of one JobService and in one of several.</summary>
public sealed class LargeResultsTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Job_ResultsWithIndex_ArePagedAndRemoved(bool isShared)
    {
        var own = new InMemoryStorage { IsShared = true };
        await using var engine = Engine(storage => isShared ? own : storage);
        var jobId = await engine.AddJobAsync();
        await engine.PutVideoAsync(jobId);

        await engine.RunAsync(jobId);

        var job = await engine.ReadAsync(jobId);
        Assert.Equal(JobStatus.Completed, job.Status);
        Assert.Equal(isShared, job.OutputPath != ArtifactKeys.Results(jobId));
        Assert.Equal(
            new[]
            {
                ArtifactKeys.Video(jobId), job.OutputPath, ArtifactKeys.ResultsIndex(job.OutputPath!),
                ArtifactKeys.Sidecar(job.OutputPath!),
            }.Order(),
            (await engine.Storage.KeysAsync()).Order());
        Assert.Equal(Enumerable.Range(0, 100), await ReadAllAsync(engine, jobId));

        await engine.Removal.DeleteAsync(jobId, _ => { }, Cancellation);

        Assert.Empty(await engine.Storage.KeysAsync());
    }

    [Fact]
    public async Task Delete_ArtifactsOfALostAttempt_AreRemovedToo()
    {
        var storage = new InMemoryStorage { IsShared = true };
        await using var engine = Engine(_ => storage);
        var jobId = await engine.AddJobAsync();
        var other = await engine.AddJobAsync();
        await engine.PutVideoAsync(other);
        var lost = ArtifactKeys.Results(jobId, Guid.NewGuid());
        foreach (var key in (string[])
            [.. ArtifactKeys.OfResults(lost), ArtifactKeys.Segment(jobId, 0, 10, Guid.NewGuid())])
        {
            Assert.Equal(jobId, ArtifactKeys.JobOf(key));
            await storage.PutAsync(key, [1]);
        }

        await engine.RunAsync(jobId);
        await engine.Removal.DeleteAsync(jobId, _ => { }, Cancellation);

        Assert.Equal([ArtifactKeys.Video(other)], await storage.KeysAsync());
    }

    [Fact]
    public async Task Update_CompletedJobInASharedStorage_ChangesItsOwnManifest()
    {
        var storage = new InMemoryStorage { IsShared = true };
        await using var engine = Engine(_ => storage);
        var jobId = await engine.AddJobAsync();
        await engine.RunAsync(jobId);
        var before = (await storage.KeysAsync()).Order();

        await engine.Control.UpdateAsync(jobId, new JobUpdate("late"), _ => { }, Cancellation);

        var key = ArtifactKeys.Sidecar((await engine.ReadAsync(jobId)).OutputPath!);
        Assert.Equal("late", (await JobManifest.ReadAsync(storage, key, Cancellation))!.DisplayName);
        Assert.Equal(before, (await storage.KeysAsync()).Order());
    }

    private static JobEngine Engine(Func<IStorage, IStorage> around) => new(
        new ScriptedInference
        {
            Change = (_, response) =>
            {
                foreach (var frame in response.Results)
                {
                    frame.Result.Text = new string('x', 10_000);
                }
            },
        },
        TimeProvider.System, folder: null, around, settings: []);

    private static async Task<List<int>> ReadAllAsync(JobEngine engine, Guid jobId)
    {
        var frames = new List<int>();
        var request = new GetJobResultsRequest { JobId = jobId.ToString(), PageBytes = 100_000 };
        do
        {
            var page = await engine.Pages.ReadAsync(request, Cancellation);
            frames.AddRange(page.Results.Select(frame => frame.FrameIndex));
            request.PageToken = page.NextPageToken;
        }
        while (request.PageToken.Length > 0);
        return frames;
    }
}
