using ForegSyte.Jobs.Backups;
using ForegSyte.Jobs.Faults;
using ForegSyte.Jobs.Queue;
using ForegSyte.Jobs.Retention;
using ForegSyte.Jobs.Storage;
using ForegSyte.Jobs.Submission;
using ForegSyte.Jobs.Tenants;
using ForegSyte.Jobs.Tests.Fakes;
using ForegSyte.Jobs.Tests.Storage;
using ForegSyte.Jobs.Tests.Uploads;
using ForegSyte.Testing;
using ForegSyte.V1;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;

namespace ForegSyte.Jobs.Tests.Retention;

/// <summary>What the cleaner and the sweep delete and keep.</summary>
public sealed class RetentionTests : IAsyncDisposable
{
    private readonly FakeTimeProvider _time = new(TestJobs.Noon);
    private readonly InMemoryJobStore _store;
    private readonly RetentionOptions _options = new() { BatchSize = 2 };
    private readonly BackupOptions _backups = new();
    private readonly DeletionHold _hold = new();
    private readonly PendingJobQuota _quota;
    private readonly JobTracker _board;
    private readonly TemporaryFolder _folder = new();
    private readonly UploadHarness _uploads;
    private InMemoryStorage _storage = new();

    public RetentionTests()
    {
        _store = new InMemoryJobStore(_time);
        _board = new JobTracker(_store);
        _uploads = new UploadHarness(_folder, _time);
        _quota = new PendingJobQuota(
            _store, Options.Create(new SubmitOptions()), Options.Create(new TenantOptions()));
    }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask DisposeAsync()
    {
        await _uploads.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    public async Task Clean_ByAge_RemovesWhatEndedBeforeAndItsArtifacts()
    {
        var old = new List<Guid>();
        for (var number = 0; number < 5; number++)
        {
            old.Add(await AddEndedAsync(TestJobs.Noon.AddDays(-8)));
        }

        var young = await AddEndedAsync(TestJobs.Noon.AddDays(-6));
        var pending = await AddAsync();
        _options.MaxAge = TimeSpan.FromDays(7);

        await Cleaner().CleanAsync(Cancellation);

        Assert.Equal(
            new[] { young, pending }.Order(),
            (await _store.FindKnownAsync([.. old, young, pending], Cancellation)).Order());
        Assert.Equal(new[] { young, pending }.Order(), await JobsWithArtifactsAsync());
        Assert.Empty(await _store.ListDeletedAsync(10, Cancellation));
    }

    [Fact]
    public async Task Clean_ByDefault_RemovesNothing()
    {
        var old = await AddEndedAsync(TestJobs.Noon.AddYears(-5));
        await Cleaner().CleanAsync(Cancellation);
        Assert.NotNull(await _store.FindAsync(old, Cancellation));
    }

    [Fact]
    public async Task Clean_BySpace_RemovesThoseThatEndedFirstUntilThereIsEnough()
    {
        // 40 jobs of 100 bytes on a disk of 5000 bytes with a minimum of 2000 free: jobs are deleted in batches of 16.
        _storage = new InMemoryStorage { SizeBytes = 5000 };
        var jobs = new List<Guid>();
        for (var number = 0; number < 40; number++)
        {
            jobs.Add(await AddEndedAsync(TestJobs.Noon.AddMinutes(number)));
        }

        _options.MinFreeBytes = 2000;
        await Cleaner().CleanAsync(Cancellation);
        Assert.Equal(jobs.Skip(16).Order(), (await _store.FindKnownAsync(jobs, Cancellation)).Order());
        Assert.Equal(5000 - 2400, _storage.FreeBytes());
    }

    [Fact]
    public async Task Clean_BySpaceWhileBackupsKeepTheFiles_DeletesNothing()
    {
        _storage = new InMemoryStorage { SizeBytes = 300 };
        var ended = await AddEndedAsync(TestJobs.Noon);
        _options.MinFreeBytes = 1000;
        _backups.Directory = _folder.File("backups");
        Directory.CreateDirectory(_folder.File("backups", "monday"));
        new BackupManifest(TestJobs.Noon, 1, 1, 1, "") { FileCount = 1, FileBytes = 100 }
            .Write(_folder.File("backups", "monday"));

        await Cleaner().CleanAsync(Cancellation);
        Assert.NotNull(await _store.FindAsync(ended, Cancellation));

        Directory.Delete(_folder.File("backups", "monday"), recursive: true);
        await Cleaner().CleanAsync(Cancellation);
        Assert.Null(await _store.FindAsync(ended, Cancellation));
    }

    [Fact]
    public async Task Clean_BySpace_LeavesWhatIsNotTerminal()
    {
        _storage = new InMemoryStorage { SizeBytes = 300 };
        var (ended, pending) = (await AddEndedAsync(TestJobs.Noon), await AddAsync());
        _options.MinFreeBytes = 1000;
        await Cleaner().CleanAsync(Cancellation);
        Assert.Equal([pending], await _store.FindKnownAsync([ended, pending], Cancellation));
        Assert.Equal([pending], await JobsWithArtifactsAsync());
    }

    [Fact]
    public async Task Clean_AfterACrashInADeletion_FinishesIt()
    {
        var jobId = await AddEndedAsync(TestJobs.Noon);
        await _store.DeleteAsync(jobId, JobTransitions.RequireDeletable, Cancellation);
        Assert.Equal([jobId], await JobsWithArtifactsAsync());
        await Cleaner().CleanAsync(Cancellation);
        Assert.Empty(await _storage.KeysAsync());
        Assert.Empty(await _store.ListDeletedAsync(10, Cancellation));
    }

    [Fact]
    public async Task Clean_RequestIds_ForgetsThemAfterTheirTime()
    {
        var requestId = Guid.NewGuid();
        var (job, _) = await _store.InsertAsync(TestJobs.Pending(requestId: requestId), Cancellation);
        _time.Advance(new SubmitOptions().RequestIdLifetime);
        await Cleaner().CleanAsync(Cancellation);
        Assert.Equal(job.JobId, (await _store.FindByRequestIdAsync(requestId, Cancellation))?.JobId);
        _time.Advance(TimeSpan.FromSeconds(1));
        await Cleaner().CleanAsync(Cancellation);
        Assert.Null(await _store.FindByRequestIdAsync(requestId, Cancellation));
    }

    [Fact]
    public async Task Sweep_OfItsOwnStorage_RemovesOrphansOnly()
    {
        await SweepAsync();
        var (known, announced) = (await AddAsync(), Guid.NewGuid());
        await PutAsync(ArtifactKeys.Video(Guid.NewGuid()));
        await PutAsync(ArtifactKeys.Results(Guid.NewGuid()));
        await PutAsync("notes.txt");

        // The video of a submission whose row is not committed yet.
        using var reservation = _quota.Reserve(announced, "", isNew: true);
        await PutAsync(ArtifactKeys.Video(announced));

        await SweepAsync();

        Assert.Equal(new[] { known, announced }.Order(), await JobsWithArtifactsAsync());
        Assert.True(await _storage.ExistsAsync("notes.txt", Cancellation), "A file that is no artifact was deleted.");
    }

    [Fact]
    public async Task Sweep_ByAnOlderCopyOfTheDatabase_RemovesNothingHoweverOftenItStarts()
    {
        await SweepAsync();
        var current = await _store.BeginGenerationAsync(Cancellation);
        await _storage.WriteGenerationAsync(current with { Generation = current.Generation + 2 }, Cancellation);
        var lost = Guid.NewGuid();
        await PutAsync(ArtifactKeys.Video(lost));
        for (var start = 0; start < 5; start++)
        {
            await SweepAsync();
            Assert.Equal([lost], await JobsWithArtifactsAsync());
        }

        // As after a rebuild: once all jobs are in the database again, the sweep deletes orphans.
        await _store.InsertAsync(TestJobs.Pending(lost), Cancellation);
        await SweepAsync();
        await PutAsync(ArtifactKeys.Video(Guid.NewGuid()));
        await SweepAsync();
        Assert.Equal([lost], await JobsWithArtifactsAsync());
    }

    [Fact]
    public async Task Sweep_ByANewDatabaseBesideOldArtifacts_RemovesNothing()
    {
        var lost = Guid.NewGuid();
        await PutAsync(ArtifactKeys.Video(lost));
        await SweepAsync();
        await SweepAsync();
        Assert.Equal([lost], await JobsWithArtifactsAsync());
    }

    [Fact]
    public async Task Sweep_PendingWithoutVideo_Fails()
    {
        var (gone, there) = (await AddAsync(), await AddAsync());
        await _storage.DeleteAsync(ArtifactKeys.Video(gone), Cancellation);
        await SweepAsync();
        var failed = await _store.FindAsync(gone, Cancellation);
        Assert.Equal((JobStatus.Failed, ErrorReason.VideoGone), (failed!.Status, failed.Failure!.Reason));
        Assert.Equal(JobStatus.Pending, (await _store.FindAsync(there, Cancellation))!.Status);
    }

    [Fact]
    public async Task Clean_ByANodeThatDoesNotLead_LeavesTheJobsToTheLeader()
    {
        var old = await AddEndedAsync(TestJobs.Noon.AddDays(-8));
        _options.MaxAge = TimeSpan.FromDays(7);

        using var follower = Cleaner(new Follower());
        await follower.StartAsync(Cancellation);
        await follower.CleanAsync(Cancellation);
        await follower.StopAsync(Cancellation);

        Assert.NotNull(await _store.FindAsync(old, Cancellation));
        Assert.Null(await _storage.ReadGenerationAsync(Cancellation));
        await Cleaner().CleanAsync(Cancellation);
        Assert.Null(await _store.FindAsync(old, Cancellation));
    }

    private JobCleaner Cleaner(ILeadership? leadership = null)
    {
        var options = Options.Create(_options);
        var removal = new JobRemoval(
            _store, _storage, new FileSegmentStore(_storage, NullLogger<FileSegmentStore>.Instance),
            new LocalAttempts(_store, NullLogger<LocalAttempts>.Instance), _hold, CrashPoints.None);
        return new JobCleaner(
            _store, leadership ?? new SoleLeadership(), removal, Sweep(), _storage, _uploads.Store, _hold,
            new BackupFolder(Options.Create(_backups)), options,
            Options.Create(new SubmitOptions()), _time, NullLogger<JobCleaner>.Instance);
    }

    private StorageSweep Sweep() => new(
        _store, _board, _quota, _storage,
        new SegmentSweep(
            _store, _storage, new FileSegmentStore(_storage, NullLogger<FileSegmentStore>.Instance),
            NullLogger<SegmentSweep>.Instance),
        _hold,
        Options.Create(_options),
        NullLogger<StorageSweep>.Instance);

    /// <summary>Runs the sweep of one start.</summary>
    private async Task SweepAsync()
    {
        var sweep = Sweep();
        await sweep.BeginAsync(Cancellation);
        await sweep.RunAsync(Cancellation);
    }

    private async Task<IEnumerable<Guid>> JobsWithArtifactsAsync() =>
        (await _storage.KeysAsync()).Select(ArtifactKeys.JobOf).OfType<Guid>().Distinct().Order();

    private async Task<Guid> AddAsync()
    {
        var job = TestJobs.Pending();
        await _store.InsertAsync(job with { InputPath = ArtifactKeys.Video(job.JobId) }, Cancellation);
        await PutAsync(ArtifactKeys.Video(job.JobId));
        return job.JobId;
    }

    private async Task<Guid> AddEndedAsync(DateTimeOffset endedAt)
    {
        var job = TestJobs.Pending(createdAt: endedAt.AddHours(-1));
        await _store.InsertAsync(job with { InputPath = ArtifactKeys.Video(job.JobId) }, Cancellation);
        await _store.UpdateAsync(job.JobId, stored => JobTransitions.Cancel(stored, endedAt), Cancellation);
        await PutAsync(ArtifactKeys.Video(job.JobId));
        return job.JobId;
    }

    private async Task PutAsync(string key)
    {
        await using var staged = await _storage.StageAsync(key, Cancellation);
        await staged.Stream.WriteAsync(new byte[100], Cancellation);
        await staged.CommitAsync(Cancellation);
    }

    private sealed class Follower : ILeadership
    {
        public bool IsLeader => false;
    }
}
