using System.Collections.Concurrent;

namespace ForegSyte.Jobs.Tests.Storage;

/// <summary>Notifications of commits, and concurrent changes.</summary>
public abstract partial class JobStoreContract
{
    [Fact]
    public async Task Committed_EveryKindOfChange_IsToldOnceAndInOrder()
    {
        var commits = new ConcurrentQueue<JobCommit>();
        Store.Committed += commits.Enqueue;
        var job = TestJobs.Pending(requestId: Guid.NewGuid());

        await Store.InsertAsync(job, Cancellation);
        await Store.InsertAsync(TestJobs.Pending(requestId: job.RequestId), Cancellation);
        await Store.UpdateAsync(job.JobId, before => before with { FramesDone = 1 }, Cancellation);
        await Store.UpdateAsync(job.JobId, before => before, Cancellation);
        await Assert.ThrowsAsync<TimeoutException>(() =>
            Store.UpdateAsync(job.JobId, _ => throw new TimeoutException(), Cancellation));
        await Store.DeleteAsync(job.JobId, _ => { }, Cancellation);

        var changed = job with { FramesDone = 1 };
        Assert.Equal(
            [
                ("null", TestJobs.Text(job)),
                (TestJobs.Text(job), TestJobs.Text(changed)),
                (TestJobs.Text(changed), "null"),
            ],
            commits.Select(commit => (TestJobs.Text(commit.Before), TestJobs.Text(commit.After))));
        Assert.All(commits, commit => Assert.Equal(job.JobId, commit.JobId));
    }

    [Fact]
    public async Task Committed_ManyAtOnce_EachContinuesTheOneBefore()
    {
        var jobs = Enumerable.Range(0, 8).Select(_ => TestJobs.Pending()).ToList();
        var commits = new ConcurrentQueue<JobCommit>();
        Store.Committed += commits.Enqueue;
        var told = new ConcurrentDictionary<(Guid, int), bool>();
        Store.Committed += commit => told[(commit.JobId, commit.After!.FramesDone)] = true;

        await Task.WhenAll(jobs.Select(job => Store.InsertAsync(job, Cancellation)));
        await Task.WhenAll(Enumerable.Range(0, 160).Select(async i =>
        {
            var after = await Store.UpdateAsync(
                jobs[i % jobs.Count].JobId, before => before with { FramesDone = before.FramesDone + 1 }, Cancellation);
            Assert.True(
                told.ContainsKey((after!.JobId, after.FramesDone)),
                "The caller continued before Committed was raised for its change.");
        }));

        Assert.Equal(168, commits.Count);
        Assert.All(commits.GroupBy(commit => commit.JobId), ofJob =>
        {
            Assert.Null(ofJob.First().Before);
            Assert.All(
                ofJob.Zip(ofJob.Skip(1)),
                pair => Assert.Equal(TestJobs.Text(pair.First.After), TestJobs.Text(pair.Second.Before)));
            Assert.Equal(20, ofJob.Last().After!.FramesDone);
        });
    }

    [Fact]
    public async Task Changes_OneOfManyAtOnceIsBad_TheOthersAreMade()
    {
        var known = TestJobs.Full();
        await Store.InsertAsync(known, Cancellation);
        var jobs = Enumerable.Range(0, 40).Select(_ => TestJobs.Pending(requestId: Guid.NewGuid())).ToList();

        var good = jobs.Select(job => Store.InsertAsync(job, Cancellation)).ToList();
        var sameId = Store.InsertAsync(TestJobs.Pending(known.JobId), Cancellation);
        var sameRequest = Store.InsertAsync(TestJobs.Pending(requestId: jobs[0].RequestId), Cancellation);
        var refused = Store.UpdateAsync(known.JobId, _ => throw new TimeoutException(), Cancellation);
        var allowed = Store.UpdateAsync(known.JobId, before => before with { FramesDone = 7 }, Cancellation);

        await Assert.ThrowsAsync<ArgumentException>(() => sameId);
        await Assert.ThrowsAsync<TimeoutException>(() => refused);
        Assert.All(
            await Task.WhenAll(good),
            result => Assert.True(result.Created, $"The job {result.Job.JobId} was not stored as a new one."));
        Assert.Equal(jobs[0].JobId, (await sameRequest).Job.JobId);
        Assert.Equal(7, (await allowed)!.FramesDone);
        Assert.Equal(
            TestJobs.Text(known with { FramesDone = 7 }),
            TestJobs.Text(await Store.FindAsync(known.JobId, Cancellation)));
        Assert.Equal(41, (await PagesAsync(filter: null, limit: 100)).Count);
    }

    [Fact]
    public async Task SumSpace_EqualVideos_ShareWithinTheirTenantAlone()
    {
        var hash = new string('a', 64);
        foreach (var tenant in new[] { "a", "a", "a", "b", "" })
        {
            await Store.InsertAsync(
                TestJobs.Pending() with { Tenant = tenant, VideoSha256 = hash, VideoBytes = 5 }, Cancellation);
        }

        var space = await Store.SumSpaceAsync(Cancellation);

        Assert.Equal(10, space.SharedBytes);
        Assert.Equal(15, space.Tenants.Single(bytes => bytes.Tenant == "a").VideoBytes);
    }
}
