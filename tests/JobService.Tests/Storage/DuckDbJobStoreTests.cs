using ForegSyte.Jobs.Storage;
using ForegSyte.Testing;
using ForegSyte.V1;
using Microsoft.Extensions.Time.Testing;

namespace ForegSyte.Jobs.Tests.Storage;

public sealed class DuckDbJobStoreTests : JobStoreContract, IAsyncDisposable
{
    private readonly TemporaryFolder _folder = new();
    private DatabaseFixture _database;

    public DuckDbJobStoreTests() => _database = new DatabaseFixture(_folder.File("jobs.duckdb"));

    private protected override IJobStore Store => _database.Store;

    public async ValueTask DisposeAsync()
    {
        await _database.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    public async Task Reopen_AfterChanges_HasThemAndNoLogToReplay()
    {
        var job = TestJobs.Full();
        await Store.InsertAsync(job, Cancellation);
        await Store.UpdateAsync(job.JobId, before => before with { FramesDone = 100 }, Cancellation);
        await _database.DisposeAsync();

        Assert.False(File.Exists(_folder.File("jobs.duckdb.wal")), "A log to replay remains.");
        _database = new DatabaseFixture(_folder.File("jobs.duckdb"));

        Assert.Equal(
            TestJobs.Text(job with { FramesDone = 100 }),
            TestJobs.Text(await Store.FindAsync(job.JobId, Cancellation)));
    }

    [Fact]
    public async Task ListExpired_AfterAReopening_FollowsTheGivenClock()
    {
        var job = TestJobs.Pending();
        await Store.InsertAsync(job, Cancellation);
        await Store.UpdateAsync(
            job.JobId,
            stored => JobTransitions.Claim(stored, Guid.NewGuid(), TestJobs.Noon, TimeSpan.FromSeconds(15)),
            Cancellation);
        await _database.DisposeAsync();
        var time = new FakeTimeProvider(TestJobs.Noon.AddSeconds(14));
        _database = new DatabaseFixture(_folder.File("jobs.duckdb"), time: time);

        Assert.Empty(await Store.ListExpiredAsync(10, Cancellation));
        time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal([job.JobId], await Store.ListExpiredAsync(10, Cancellation));
        var changed = await Store.UpdateAsync(
            job.JobId, (stored, now) => stored with { UpdatedAt = now }, Cancellation);
        Assert.Equal(TestJobs.Noon.AddSeconds(15), changed!.UpdatedAt);
    }

    [Fact]
    public async Task Insert_OneNewIdTwiceInABatchOnceWithAUsedRequestId_ReturnsTheEarlierJob()
    {
        var requestId = Guid.NewGuid();
        var earlier = TestJobs.Pending(requestId: requestId);
        await Store.InsertAsync(earlier, Cancellation);

        for (var round = 0; round < 20; round++)
        {
            // The writer is busy with the first insert while the next two arrive, so they form one batch.
            var jobId = Guid.NewGuid();
            var busy = Store.InsertAsync(TestJobs.Pending(), Cancellation);
            var first = Store.InsertAsync(TestJobs.Pending(jobId), Cancellation);
            var second = Store.InsertAsync(TestJobs.Pending(jobId, requestId: requestId), Cancellation);

            await busy;
            Assert.Equal((jobId, true), ((await first).Job.JobId, (await first).Created));
            Assert.Equal((earlier.JobId, false), ((await second).Job.JobId, (await second).Created));
        }
    }

    [Fact]
    public async Task Status_EveryOneStored_TheColumnHoldsTheNamesOfTheMapping()
    {
        foreach (var status in Enum.GetValues<JobStatus>().Where(status => status != JobStatus.Unspecified))
        {
            await Store.InsertAsync(TestJobs.Pending() with { Status = status }, Cancellation);
        }

        var stored = _database.Query("SELECT DISTINCT status FROM jobs", reader => reader.GetString(0));

        Assert.Equal(JobStatusNames.All.Order(), stored.Order());
    }

    [Fact]
    public async Task Open_StatusOfANewerVersion_SaysSo()
    {
        var job = TestJobs.Pending();
        await Store.InsertAsync(job, Cancellation);
        _database.Query("UPDATE jobs SET status = 'ARCHIVED'", _ => 0);
        await _database.DisposeAsync();

        var failure = Assert.Throws<DatabaseException>(() => new DatabaseFixture(_folder.File("jobs.duckdb")));

        Assert.Contains("'ARCHIVED'", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Update_SameInstance_WritesNothing()
    {
        var job = TestJobs.Pending();
        await Store.InsertAsync(job, Cancellation);
        var log = new FileInfo(_folder.File("jobs.duckdb.wal"));
        var before = log.Length;

        await Store.UpdateAsync(job.JobId, same => same, Cancellation);

        log.Refresh();
        Assert.Equal(before, log.Length);
    }

    [Fact]
    public async Task Checkpoint_WhenNothingIsWrittenForAWhile_EmptiesTheLog()
    {
        await using var database = new DatabaseFixture(
            _folder.File("idle.duckdb"), options => options.IdleCheckpointDelay = TimeSpan.FromMilliseconds(100));
        await database.Store.InsertAsync(TestJobs.Full(), Cancellation);

        await Wait.UntilAsync(
            () => new FileInfo(_folder.File("idle.duckdb.wal")) is not { Exists: true, Length: > 0 },
            "a checkpoint empties the log");

        await database.Store.InsertAsync(TestJobs.Pending(), Cancellation);
    }

    [Fact]
    public async Task Find_WhileAChangeIsBeingMade_DoesNotWaitAndSeesTheLastCommit()
    {
        var job = TestJobs.Pending();
        await Store.InsertAsync(job, Cancellation);
        using var entered = new SemaphoreSlim(0);
        using var mayLeave = new SemaphoreSlim(0);

        var change = Store.UpdateAsync(
            job.JobId,
            before =>
            {
                entered.Release();
                mayLeave.Wait(Cancellation);
                return before with { FramesDone = 1 };
            },
            Cancellation);
        await entered.WaitAsync(Cancellation);
        var during = await Store.FindAsync(job.JobId, Cancellation);
        mayLeave.Release();
        await change;

        Assert.Equal(0, during!.FramesDone);
        Assert.Equal(1, (await Store.FindAsync(job.JobId, Cancellation))!.FramesDone);
    }

    [Fact]
    public async Task Update_CancelledWhileItWaits_EndsAtOnceAndChangesNothing()
    {
        var job = TestJobs.Pending();
        await Store.InsertAsync(job, Cancellation);
        using var entered = new SemaphoreSlim(0);
        using var mayLeave = new SemaphoreSlim(0);
        using var cancel = new CancellationTokenSource();
        var first = Store.UpdateAsync(
            job.JobId,
            before =>
            {
                entered.Release();
                mayLeave.Wait(Cancellation);
                return before;
            },
            Cancellation);
        await entered.WaitAsync(Cancellation);
        var waiting = Store.UpdateAsync(job.JobId, before => before with { FramesDone = 9 }, cancel.Token);

        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        mayLeave.Release();
        await first;

        Assert.Equal(0, (await Store.FindAsync(job.JobId, Cancellation))!.FramesDone);
    }

    [Fact]
    public async Task Anything_AfterDispose_SaysThatTheDatabaseIsClosed()
    {
        await _database.DisposeAsync();

        await Assert.ThrowsAsync<ObjectDisposedException>(() => Store.InsertAsync(TestJobs.Pending(), Cancellation));
        await Assert.ThrowsAsync<ObjectDisposedException>(() => Store.FindAsync(Guid.NewGuid(), Cancellation).AsTask());
    }

    [Fact]
    public void Settings_OfTheInstance_AreThoseOfTheOptions()
    {
        var settings = _database.Query(
            "SELECT name, value FROM duckdb_settings() WHERE value IS NOT NULL",
            reader => (Name: reader.GetString(0), Value: reader.GetString(1)))
            .ToDictionary(setting => setting.Name, setting => setting.Value);

        Assert.Equal("256.0 MiB", settings["memory_limit"]);
        Assert.Equal("2", settings["threads"]);
        Assert.Equal("16.0 MiB", settings["wal_autocheckpoint"]);
        Assert.Equal("false", settings["autoinstall_known_extensions"]);
        Assert.Equal("false", settings["autoload_known_extensions"]);
    }
}
