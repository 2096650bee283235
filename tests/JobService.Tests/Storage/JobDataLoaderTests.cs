using ForegSyte.Jobs.Storage;
using ForegSyte.Testing;
using ForegSyte.V1;

namespace ForegSyte.Jobs.Tests.Storage;

public sealed class JobDataLoaderTests : IAsyncDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly DatabaseFixture _database;
    private readonly JobDataLoader _loader;

    public JobDataLoaderTests()
    {
        _database = new DatabaseFixture(_folder.File("jobs.duckdb"));
        _loader = new JobDataLoader(_database.Readers);
    }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask DisposeAsync()
    {
        await _database.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    public async Task FindAsync_Concurrent_EachGetsItsJobWithItsAttempts()
    {
        var jobs = Enumerable.Range(0, 120).Select(i => i % 3 == 0 ? TestJobs.Full() : TestJobs.Pending()).ToList();
        await Task.WhenAll(jobs.Select(job => _database.Store.InsertAsync(job, Cancellation)));
        var missing = Guid.NewGuid();

        var found = await Task.WhenAll(
            jobs.Concat(jobs).Select(job => _loader.FindAsync(job.JobId, Cancellation)));
        var none = await _loader.FindAsync(missing, Cancellation);

        Assert.Equal(jobs.Concat(jobs).Select(TestJobs.Text), found.Select(TestJobs.Text));
        Assert.Null(none);
    }

    [Fact]
    public async Task FindByRequestIdAsync_Concurrent_EachGetsItsJob()
    {
        var jobs = Enumerable.Range(0, 120).Select(_ => TestJobs.Pending(requestId: Guid.NewGuid())).ToList();
        await Task.WhenAll(jobs.Select(job => _database.Store.InsertAsync(job, Cancellation)));

        var found = await Task.WhenAll(
            jobs.Concat(jobs).Select(job => _loader.FindByRequestIdAsync(job.RequestId!.Value, Cancellation)));
        var missing = await _loader.FindByRequestIdAsync(Guid.NewGuid(), Cancellation);

        Assert.Equal(jobs.Concat(jobs).Select(job => (Guid?)job.JobId), found);
        Assert.Null(missing);
    }

    [Fact]
    public async Task FindAsync_AfterAFailure_RunsTheNextQuery()
    {
        var job = TestJobs.Pending() with { Status = JobStatus.Completed };
        await _database.Store.InsertAsync(job, Cancellation);
        await _database.Readers.DisposeAsync();

        await Assert.ThrowsAsync<ObjectDisposedException>(() => _loader.FindAsync(job.JobId, Cancellation));
        await Assert.ThrowsAsync<ObjectDisposedException>(() => _loader.FindAsync(job.JobId, Cancellation));
    }

    [Fact]
    public async Task FindAsync_Cancelled_EndsAtOnce()
    {
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => _loader.FindAsync(Guid.NewGuid(), new CancellationToken(canceled: true)));
    }
}
