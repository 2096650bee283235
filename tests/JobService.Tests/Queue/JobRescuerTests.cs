using ForegSyte.Jobs.Queue;
using ForegSyte.Jobs.Tests.Fakes;
using ForegSyte.Jobs.Tests.Grpc;
using ForegSyte.Jobs.Tests.Storage;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Logging.Testing;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;

namespace ForegSyte.Jobs.Tests.Queue;

public sealed class JobRescuerTests
{
    private static readonly LeaseOptions Lease = new();

    private readonly FakeTimeProvider _time = new(TestJobs.Noon);
    private readonly FakeLogger<JobRescuer> _log = new();
    private readonly InMemoryJobStore _store;

    public JobRescuerTests() => _store = new InMemoryJobStore(_time);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(20, "PENDING")]
    [InlineData(1, "FAILED")]
    public async Task Rescue_AnExpiredLease_LogsTheNewStatusOfTheJob(int maxLostAttempts, string status)
    {
        using var rescuer = Rescuer(_store, maxLostAttempts);
        var jobId = (await AddClaimedAsync()).JobId;
        _time.Advance(Lease.LeaseDuration);

        Assert.Equal(1, await rescuer.RescueAsync(Cancellation));

        Assert.Equal([$"Lease of job {jobId} expired; job is now {status}"], Messages());
    }

    [Fact]
    public async Task Rescue_ALeaseThatIsRenewedMeanwhile_ChangesNothingAndLogsNothing()
    {
        JobRecord? held = null;
        using var rescuer = Rescuer(
            JobStoreProxy.Around(
                _store,
                (method, call) => method.Name == nameof(IJobStore.UpdateAsync)
                    ? RenewThenAsync(held!, () => (Task<JobRecord?>)call()!)
                    : call()),
            maxLostAttempts: 1);
        held = await AddClaimedAsync();
        _time.Advance(Lease.LeaseDuration);

        Assert.Equal(0, await rescuer.RescueAsync(Cancellation));

        Assert.Equal(V1.JobStatus.Running, (await _store.FindAsync(held.JobId, Cancellation))!.Status);
        Assert.Empty(Messages());
    }

    [Fact]
    public async Task Rescue_AJobThatCannotBeChanged_RescuesTheOthers()
    {
        var (calls, failure) = (0, new IOException("locked"));
        using var rescuer = Rescuer(
            JobStoreProxy.Around(
                _store,
                (method, call) => method.Name == nameof(IJobStore.UpdateAsync) && ++calls == 1
                    ? Task.FromException<JobRecord?>(failure)
                    : call()),
            maxLostAttempts: 20);
        await AddClaimedAsync();
        await AddClaimedAsync();
        _time.Advance(Lease.LeaseDuration);

        Assert.Equal(1, await rescuer.RescueAsync(Cancellation));

        var error = Assert.Single(_log.Collector.GetSnapshot(), line => line.Level == LogLevel.Error);
        Assert.Same(failure, error.Exception);
        Assert.StartsWith("1 jobs with an expired lease not rescued", error.Message, StringComparison.Ordinal);
        Assert.Equal(1, await rescuer.RescueAsync(Cancellation));
    }

    private async Task<JobRecord> AddClaimedAsync()
    {
        var job = TestJobs.Pending();
        await _store.InsertAsync(job, Cancellation);
        return (await _store.UpdateAsync(
            job.JobId,
            pending => JobTransitions.Claim(pending, Guid.NewGuid(), _time.GetUtcNow(), Lease.LeaseDuration),
            Cancellation))!;
    }

    /// <summary>Commits a renewal that began just before the lease expired, then the update.</summary>
    private async Task<JobRecord?> RenewThenAsync(JobRecord held, Func<Task<JobRecord?>> update)
    {
        await _store.UpdateAsync(
            held.JobId,
            job => JobTransitions.Renew(
                job, held.Lease!.Token, held.Lease.ExpiresAt - TimeSpan.FromSeconds(1), Lease.LeaseDuration),
            Cancellation);
        return await update();
    }

    private JobRescuer Rescuer(IJobStore store, int maxLostAttempts) => new(
        store, new JobTracker(store), new LocalAttempts(_store, NullLogger<LocalAttempts>.Instance),
        Options.Create(Lease), Options.Create(new RetryOptions { MaxLostAttempts = maxLostAttempts }), _time, _log);

    private IEnumerable<string> Messages() => _log.Collector.GetSnapshot().Select(record => record.Message);
}
