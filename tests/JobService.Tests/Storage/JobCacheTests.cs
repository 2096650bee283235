using ForegSyte.Jobs.Storage;
using ForegSyte.V1;
using Microsoft.Extensions.Options;

namespace ForegSyte.Jobs.Tests.Storage;

public sealed class JobCacheTests
{
    private readonly JobCache _cache = new(Options.Create(new DatabaseOptions { CachedJobs = 2 }));

    [Fact]
    public void AddRead_NothingChangedSince_IsFound()
    {
        var job = Ended();

        _cache.AddRead(job, _cache.EndedVersion);

        Assert.Same(job, _cache.Find(job.JobId));
    }

    [Fact]
    public void AddRead_JobWasRetriedDuringTheRead_IsIgnored()
    {
        var read = Ended();
        var version = _cache.EndedVersion;
        var retried = read with { Status = JobStatus.Pending };
        _cache.Apply([new JobCommit(read.JobId, read, retried)]);
        _cache.AddRead(read, version);
        Assert.Same(retried, _cache.Find(read.JobId));

        // Once the job leaves memory, the outdated record must not be found.
        _cache.Apply([new JobCommit(read.JobId, retried, null)]);
        Assert.Null(_cache.Find(read.JobId));
    }

    [Fact]
    public void AddRead_JobWasDeletedDuringTheRead_IsIgnored()
    {
        var read = Ended();
        var version = _cache.EndedVersion;
        _cache.Apply([new JobCommit(read.JobId, read, null)]);

        _cache.AddRead(read, version);

        Assert.Null(_cache.Find(read.JobId));
    }

    [Fact]
    public void Ended_MoreThanTheLimit_EvictsTheOldest()
    {
        JobRecord[] jobs = [Ended(), Ended(), Ended()];
        var pending = TestJobs.Pending();
        _cache.Apply([new JobCommit(pending.JobId, null, pending)]);

        _cache.Apply([.. jobs.Select(job => new JobCommit(job.JobId, null, job))]);

        Assert.Null(_cache.Find(jobs[0].JobId));
        Assert.Same(jobs[1], _cache.Find(jobs[1].JobId));
        Assert.Same(jobs[2], _cache.Find(jobs[2].JobId));
        Assert.Same(pending, _cache.Find(pending.JobId));
    }

    private static JobRecord Ended() => TestJobs.Pending() with { Status = JobStatus.Completed };
}
