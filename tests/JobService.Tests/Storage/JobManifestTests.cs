using ForegSyte.Jobs.Storage;
using ForegSyte.Jobs.Tests.Fakes;
using ForegSyte.V1;
using Microsoft.Extensions.Logging.Abstractions;

namespace ForegSyte.Jobs.Tests.Storage;

public sealed class JobManifestTests
{
    private readonly InMemoryJobStore _store = new();
    private readonly InMemoryStorage _storage = new();
    private readonly JobTracker _tracker;

    public JobManifestTests() => _tracker = new JobTracker(_store);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Write_JobWithTags_ReadReturnsThem()
    {
        var job = Completed();

        await JobManifest.WriteAsync(_storage, job, Cancellation);

        Assert.Equal(job.Tags, (await ReadAsync(job.JobId)).Tags);
    }

    [Fact]
    public async Task Write_JobWithWarnings_ReadReturnsThem()
    {
        var warnings = JobWarnings.Empty
            .With(WarningReason.FramesLost, 3)
            .With(WarningReason.UnsupportedScript, 1L << 33);
        var job = Completed() with { Warnings = warnings };

        await JobManifest.WriteAsync(_storage, job, Cancellation);

        Assert.Equal(warnings, (await ReadAsync(job.JobId)).Warnings);
    }

    [Fact]
    public async Task Follow_ChangedJob_WritesItsNewValues()
    {
        var job = await InsertAsync();
        await JobManifest.WriteAsync(_storage, job, Cancellation);
        await _store.UpdateAsync(job.JobId, RenameTo("second"), Cancellation);

        await FollowAsync(_storage, job.JobId);

        Assert.Equal("second", (await ReadAsync(job.JobId)).DisplayName);
    }

    [Fact]
    public async Task Follow_JobChangesDuringTheWrite_WritesTheLatestValues()
    {
        var job = await InsertAsync();
        var isFirst = true;
        var storage = new ObservedStorage(_storage, step =>
        {
            if (isFirst && step.StartsWith("before the commit", StringComparison.Ordinal))
            {
                isFirst = false;
                Assert.True(
                    _store.UpdateAsync(job.JobId, RenameTo("latest"), Cancellation).IsCompletedSuccessfully,
                    "The store in memory did not change the job at once.");
            }
        });

        await FollowAsync(storage, job.JobId);

        Assert.Equal("latest", (await ReadAsync(job.JobId)).DisplayName);
    }

    [Fact]
    public async Task Follow_JobIsDeletedDuringTheWrite_LeavesNoManifest()
    {
        var job = await InsertAsync();
        var storage = new ObservedStorage(_storage, step =>
        {
            if (step.StartsWith("before the commit", StringComparison.Ordinal))
            {
                Assert.True(
                    _store.DeleteAsync(job.JobId, _ => { }, Cancellation).IsCompletedSuccessfully,
                    "The store in memory did not delete the job at once.");
            }
        });

        await FollowAsync(storage, job.JobId);

        Assert.Empty(await _storage.KeysAsync());
    }

    private Task FollowAsync(IStorage storage, Guid jobId) =>
        JobManifest.FollowAsync(storage, _tracker, jobId, NullLogger.Instance);

    private static Func<JobRecord, JobRecord> RenameTo(string name) =>
        job => JobTransitions.Update(job, new JobUpdate(name), TestJobs.Noon.AddHours(2));

    private async Task<JobRecord> InsertAsync() => (await _store.InsertAsync(Completed(), Cancellation)).Job;

    private async Task<JobRecord> ReadAsync(Guid jobId) =>
        (await _storage.ReadManifestAsync(jobId))!;

    private static JobRecord Completed() => Completed(TestJobs.Pending());

    private static JobRecord Completed(JobRecord pending) => pending with
    {
        OutputPath = ArtifactKeys.Results(pending.JobId),
        Status = JobStatus.Completed,
        DisplayName = "first",
        Tags = new JobTags([new("camera", "north \"2\" é"), new("a", "")]),
        Summary = new JobSummary { Frames = new FrameAccounting { Total = 1, Analyzed = 1 } },
        EndedAt = TestJobs.Noon.AddHours(1),
    };
}
