using System.Collections.Concurrent;
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

/// <summary>What the leader deletes from a storage that several JobServices share.</summary>
public sealed class SharedSweepTests : IAsyncDisposable
{
    private readonly FakeTimeProvider _time = new(TestJobs.Noon);
    private readonly RetentionOptions _options = new() { BatchSize = 2 };
    private readonly Leadership _leadership = new() { IsLeader = true };
    private readonly TemporaryFolder _folder = new();
    private readonly ConcurrentQueue<string> _calls = [];
    private readonly InMemoryJobStore _store;
    private readonly InMemoryStorage _storage;
    private readonly UploadHarness _uploads;
    private readonly JobCleaner _cleaner;

    public SharedSweepTests()
    {
        _store = new InMemoryJobStore(_time, isShared: true);
        _storage = new InMemoryStorage { IsShared = true, Time = _time, OnCall = _calls.Enqueue };
        _uploads = new UploadHarness(_folder, _time);
        _cleaner = CleanerOf(_storage);
    }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private int UnsharedRemovals => _calls.Count(call => call == nameof(IStorage.RemoveUnsharedAsync));

    public async ValueTask DisposeAsync()
    {
        _cleaner.Dispose();
        await _uploads.DisposeAsync();
        _folder.Dispose();
    }

    [Theory]
    [InlineData(nameof(IStorage.ReadGenerationAsync))]
    [InlineData(nameof(IStorage.ListKeysAsync))]
    public async Task Sweep_ComparisonFailsOnce_IsRepeatedBeforeAnythingIsDeleted(string failing)
    {
        var lost = await PutOrphanOfANewerDatabaseAsync();
        FailOnce(failing);

        await Assert.ThrowsAsync<IOException>(() => _cleaner.SweepAsync(Cancellation));
        await _cleaner.SweepAsync(Cancellation);
        await SweepLaterAsync();

        Assert.Equal([lost], await _storage.KeysAsync());
        Assert.Equal(0, UnsharedRemovals);
    }

    [Fact]
    public async Task Sweep_ComparisonFailsWhenItIsRepeated_DeletesNothing()
    {
        await _cleaner.SweepAsync(Cancellation);
        var lost = await PutOrphanOfANewerDatabaseAsync();
        _calls.Clear();
        FailOnce(nameof(IStorage.ReadGenerationAsync));

        _time.Advance(_options.SweepInterval);
        await Assert.ThrowsAsync<IOException>(() => _cleaner.SweepAsync(Cancellation));
        await _cleaner.SweepAsync(Cancellation);

        Assert.Equal([lost], await _storage.KeysAsync());
        Assert.Equal(0, UnsharedRemovals);
    }

    [Fact]
    public async Task Sweep_ByANodeThatLeadsAgain_ComparesAgain()
    {
        await _cleaner.SweepAsync(Cancellation);
        _leadership.IsLeader = false;
        await _cleaner.SweepAsync(Cancellation);
        var lost = await PutOrphanOfANewerDatabaseAsync();
        _calls.Clear();

        _leadership.IsLeader = true;
        await _cleaner.SweepAsync(Cancellation);

        Assert.Equal([lost], await _storage.KeysAsync());
        Assert.Equal(0, UnsharedRemovals);
    }

    [Fact]
    public async Task Sweep_NewDatabaseThatHasAllJobs_RemovesUnusedVideosAtOnce()
    {
        await AddJobWithVideoAsync();
        await _cleaner.SweepAsync(Cancellation);
        Assert.Equal(1, UnsharedRemovals);

        var orphan = ArtifactKeys.Results(Guid.NewGuid(), Guid.NewGuid());
        await PutAsync(orphan);
        await SweepLaterAsync();
        Assert.False(await _storage.HasAsync(orphan), "The artifact without a job was kept.");
    }

    [Theory]
    [InlineData(true, 0)]
    [InlineData(false, 1)]
    public async Task Clean_TombstoneOfAnotherProcess_LeavesSharedVideosToTheSweepOfASharedStorage(
        bool isShared, int removals)
    {
        var storage = new InMemoryStorage { IsShared = isShared, Time = _time, OnCall = _calls.Enqueue };
        using var cleaner = CleanerOf(storage);
        var job = TestJobs.Pending();
        await _store.InsertAsync(job, Cancellation);
        await _store.DeleteAsync(job.JobId, _ => { }, Cancellation);
        await storage.PutAsync(ArtifactKeys.Results(job.JobId, isShared ? Guid.NewGuid() : null), new byte[1]);

        await cleaner.CleanAsync(Cancellation);

        Assert.Empty(await storage.KeysAsync());
        Assert.Empty(await _store.ListDeletedAsync(10, Cancellation));
        Assert.Equal(removals, UnsharedRemovals);
    }

    [Fact]
    public async Task Sweep_ArtifactsWithoutAJob_AreDeletedOnceTheyAreOld()
    {
        await _cleaner.SweepAsync(Cancellation);
        var old = ArtifactKeys.Results(Guid.NewGuid(), Guid.NewGuid());
        await PutAsync(old);
        _time.Advance(_options.OrphanAge);
        var young = ArtifactKeys.Video(Guid.NewGuid());
        await PutAsync(young);
        _time.Advance(TimeSpan.FromSeconds(1));

        await _cleaner.SweepAsync(Cancellation);

        Assert.Equal([young], await _storage.KeysAsync());
    }

    [Fact]
    public async Task Sweep_BeforeItsInterval_DeletesNothing()
    {
        _options.OrphanAge = TimeSpan.FromHours(1);
        await _cleaner.SweepAsync(Cancellation);
        await PutAsync(ArtifactKeys.Results(Guid.NewGuid(), Guid.NewGuid()));

        _time.Advance(_options.SweepInterval - TimeSpan.FromSeconds(1));
        await _cleaner.SweepAsync(Cancellation);
        Assert.Single(await _storage.KeysAsync());

        _time.Advance(TimeSpan.FromSeconds(1));
        await _cleaner.SweepAsync(Cancellation);
        Assert.Empty(await _storage.KeysAsync());
    }

    [Fact]
    public async Task Sweep_ResultsOfLostAttempts_AreDeletedAndThoseInUseStay()
    {
        await _cleaner.SweepAsync(Cancellation);
        var (lost, current, published) = (Guid.NewGuid(), Guid.NewGuid(), Guid.NewGuid());
        var running = await AddJobWithVideoAsync(job => JobTransitions.Claim(job, current, _time.GetUtcNow(), Long));
        var completed = await AddJobWithVideoAsync(job =>
        {
            var claimed = JobTransitions.Claim(job, published, _time.GetUtcNow(), Long);
            var results = new StoredResults(ArtifactKeys.Results(job.JobId, published), 1);
            return JobTransitions.Complete(
                claimed, published, results, new JobSummary(), JobWarnings.Empty, _time.GetUtcNow());
        });
        string[] used =
        [
            .. OfResults(ArtifactKeys.Results(running, current)),
            .. OfResults(ArtifactKeys.Results(completed, published)),
            ArtifactKeys.Video(running),
            ArtifactKeys.Video(completed),

            // The next attempt resumes from the segments of an earlier one.
            ArtifactKeys.Segment(running, 0, 9, lost),
        ];
        string[] unused =
        [
            .. OfResults(ArtifactKeys.Results(running, lost)),
            .. OfResults(ArtifactKeys.Results(completed, lost)),
            ArtifactKeys.Segment(completed, 0, 9, lost),
        ];
        foreach (var key in used.Concat(unused))
        {
            await PutAsync(key);
        }

        await SweepLaterAsync();
        Assert.Equal(used.Order(), (await _storage.KeysAsync()).Order());

        await PutAsync(unused[0]);
        _time.Advance(_options.OrphanAge);
        await _cleaner.SweepAsync(Cancellation);
        Assert.True(await _storage.HasAsync(unused[0]), "The results were deleted before they were old.");
    }

    [Fact]
    public async Task Sweep_LookForAVideoFails_ChecksTheOtherJobs()
    {
        _options.BatchSize = 3;
        var jobs = new List<Guid>();
        for (var number = 0; number < 4; number++)
        {
            jobs.Add(await AddJobWithVideoAsync(createdAt: TestJobs.Noon.AddMinutes(number)));
            await _storage.DeleteAsync(ArtifactKeys.Video(jobs[number]), Cancellation);
        }

        _storage.OnCall = call =>
        {
            if (call == $"{nameof(IStorage.ExistsAsync)} {ArtifactKeys.Video(jobs[1])}")
            {
                throw new IOException("The storage is away.");
            }
        };
        await _cleaner.SweepAsync(Cancellation);

        var statuses = await Task.WhenAll(
            jobs.Select(async jobId => (await _store.FindAsync(jobId, Cancellation))!.Status));
        Assert.Equal([JobStatus.Failed, JobStatus.Pending, JobStatus.Failed, JobStatus.Failed], statuses);
    }

    [Fact]
    public async Task Sweep_StorageIsAwayForAllVideos_StopsAfterABatch()
    {
        var asked = 0;
        for (var number = 0; number < 6; number++)
        {
            await AddJobWithVideoAsync();
        }

        _storage.OnCall = call =>
        {
            if (call.StartsWith(nameof(IStorage.ExistsAsync), StringComparison.Ordinal))
            {
                Interlocked.Increment(ref asked);
                throw new IOException("The storage is away.");
            }
        };
        await _cleaner.SweepAsync(Cancellation);

        Assert.Equal(_options.BatchSize, asked);
    }

    private static TimeSpan Long => TimeSpan.FromDays(1);

    private static IReadOnlyList<string> OfResults(string key) => ArtifactKeys.OfResults(key);

    /// <summary>Stores an old artifact whose job only a newer copy of the database has.</summary>
    private async Task<string> PutOrphanOfANewerDatabaseAsync()
    {
        var key = ArtifactKeys.Results(Guid.NewGuid(), Guid.NewGuid());
        await PutAsync(key);
        var current = await _store.BeginGenerationAsync(Cancellation);
        await _storage.WriteGenerationAsync(current with { Generation = current.Generation + 9 }, Cancellation);
        _time.Advance(_options.OrphanAge + TimeSpan.FromSeconds(1));
        return key;
    }

    private void FailOnce(string failing)
    {
        var hasFailed = false;
        _storage.OnCall = call =>
        {
            _calls.Enqueue(call);
            if (call == failing && !hasFailed)
            {
                hasFailed = true;
                throw new IOException("The storage is away.");
            }
        };
    }

    private async Task SweepLaterAsync()
    {
        _time.Advance(_options.SweepInterval + TimeSpan.FromSeconds(1));
        await _cleaner.SweepAsync(Cancellation);
    }

    private Task PutAsync(string key) => _storage.PutAsync(key, new byte[1]);

    private async Task<Guid> AddJobWithVideoAsync(
        Func<JobRecord, JobRecord>? change = null, DateTimeOffset? createdAt = null)
    {
        var job = TestJobs.Pending(createdAt: createdAt);
        await _store.InsertAsync(job with { InputPath = ArtifactKeys.Video(job.JobId) }, Cancellation);
        await PutAsync(ArtifactKeys.Video(job.JobId));
        if (change is not null)
        {
            await _store.UpdateAsync(job.JobId, (stored, _) => change(stored), Cancellation);
        }

        return job.JobId;
    }

    private JobCleaner CleanerOf(InMemoryStorage storage)
    {
        var options = Options.Create(_options);
        var segments = new FileSegmentStore(storage, NullLogger<FileSegmentStore>.Instance);
        var quota = new PendingJobQuota(
            _store, Options.Create(new SubmitOptions()), Options.Create(new TenantOptions()));
        var hold = new DeletionHold();
        var sweep = new StorageSweep(
            _store, new JobTracker(_store), quota, storage,
            new SegmentSweep(_store, storage, segments, NullLogger<SegmentSweep>.Instance), hold, options,
            NullLogger<StorageSweep>.Instance);
        var removal = new JobRemoval(
            _store, storage, segments, new LocalAttempts(_store, NullLogger<LocalAttempts>.Instance), hold,
            CrashPoints.None);
        return new JobCleaner(
            _store, _leadership, removal, sweep, storage, _uploads.Store, hold,
            new BackupFolder(Options.Create(new BackupOptions())), options,
            Options.Create(new SubmitOptions()), _time, NullLogger<JobCleaner>.Instance);
    }

    private sealed class Leadership : ILeadership
    {
        public bool IsLeader { get; set; }
    }
}
