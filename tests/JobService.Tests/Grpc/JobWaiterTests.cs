using System.Diagnostics;
using ForegSyte.Hosting.Errors;
using ForegSyte.Hosting.Stopping;
using ForegSyte.Jobs.Grpc;
using ForegSyte.Jobs.Queue;
using ForegSyte.Jobs.Tests.Fakes;
using ForegSyte.Jobs.Tests.Queue;
using ForegSyte.Jobs.Tests.Storage;
using ForegSyte.V1;
using Google.Protobuf.WellKnownTypes;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;

namespace ForegSyte.Jobs.Tests.Grpc;

public sealed class JobWaiterTests : IDisposable
{
    private const int Waiters = 10_000;
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);
    private static readonly Duration Longest = Duration.FromTimeSpan(TimeSpan.FromMinutes(1));
    private readonly FakeTimeProvider _time = new(TestJobs.Noon);
    private readonly StoppableHost _host = new();
    private readonly InMemoryJobStore _store = new();
    private readonly JobTracker _board;
    private readonly PendingJobs _pending;
    private readonly GracefulShutdown _stop;
    private readonly Drain _drain;
    private readonly JobView _view;
    private readonly JobWaiter _waiter;

    public JobWaiterTests()
    {
        var queue = new InMemoryQueue();
        _board = new JobTracker(_store);
        _pending = new PendingJobs(
            _store, queue, Options.Create(new QueueOptions()), Options.Create(new RetryOptions()), _time);
        var gate = new InferenceAvailability(new ScriptedInference(), Options.Create(new DispatchOptions()), _time);
        _stop = new GracefulShutdown(_host, Options.Create(new StopOptions()), _time);
        _drain = new Drain(_stop, _host, _time);
        _view = new JobView(new WaitReasons(_pending, queue, gate, _drain));
        _waiter = new JobWaiter(_board, _view, _drain, Options.Create(new WaitOptions()), _time);
    }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _pending.Dispose();
        _drain.Dispose();
        _stop.Dispose();
        _host.Dispose();
    }

    [Fact]
    public async Task TenThousandWaiters_CostNoThreads_AndAllWakeOnOneChange()
    {
        var job = await AddAsync();
        var threads = ThreadCount();
        var waits = Park(job);
        Assert.True(waits.TrueForAll(wait => !wait.IsCompleted));

        // The runtime starts and ends threads of its own; a thread for each waiter would be ten thousand.
        Assert.InRange(ThreadCount() - threads, int.MinValue, 100);

        await _store.UpdateAsync(
            job.JobId,
            stored => JobTransitions.Claim(stored, Guid.NewGuid(), _time.GetUtcNow(), TimeSpan.FromSeconds(15)),
            Cancellation);

        var seen = await Task.WhenAll(waits).WaitAsync(Patience, Cancellation);
        Assert.All(seen, woken => Assert.Equal(JobStatus.Running, woken.Status));
        Assert.Single(seen.Distinct(ReferenceEqualityComparer.Instance));
    }

    [Fact]
    public async Task TenThousandWaiters_WhenTheServiceClosesItsConnections_AllEndAndNoneBefore()
    {
        var waits = Park(await AddAsync());
        _host.StopApplication();
        _drain.BeginStop();
        Assert.True(waits.TrueForAll(wait => !wait.IsCompleted));
        _drain.Close();
        foreach (var wait in waits)
        {
            var failure = await Assert.ThrowsAsync<ServiceException>(() => wait.WaitAsync(Patience, Cancellation));
            Assert.Equal(ErrorReason.ShuttingDown, failure.Reason);
        }
    }

    [Fact]
    public async Task Wait_UntilTheTimeout_ReturnsTheJobAsItIs()
    {
        var job = await AddAsync();
        var etag = _view.Of(job).Etag;
        var wait = _waiter.WaitAsync(job.JobId, etag, Longest, Cancellation);
        Assert.False(wait.IsCompleted);
        _time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(etag, (await wait.WaitAsync(Patience, Cancellation)).Etag);
    }

    [Fact]
    public async Task Wait_ForAJobThatIsDeleted_EndsWithNotFound()
    {
        var job = await AddAsync();
        await _store.UpdateAsync(job.JobId, stored => JobTransitions.Cancel(stored, _time.GetUtcNow()), Cancellation);
        await _store.UpdateAsync(job.JobId, stored => JobTransitions.Retry(stored, _time.GetUtcNow()), Cancellation);
        var retried = await _store.FindAsync(job.JobId, Cancellation);
        var wait = _waiter.WaitAsync(job.JobId, _view.Of(retried!).Etag, Longest, Cancellation);
        Assert.False(wait.IsCompleted);
        await _store.DeleteAsync(job.JobId, _ => { }, Cancellation);
        var failure = await Assert.ThrowsAsync<ServiceException>(() => wait.WaitAsync(Patience, Cancellation));
        Assert.Equal(ErrorReason.JobNotFound, failure.Reason);
    }

    private static int ThreadCount()
    {
        using var process = Process.GetCurrentProcess();
        return process.Threads.Count;
    }

    private List<Task<Job>> Park(JobRecord job)
    {
        var etag = _view.Of(job).Etag;
        return
        [
            .. Enumerable.Range(0, Waiters)
                .Select(_ => _waiter.WaitAsync(job.JobId, etag, Longest, Cancellation)),
        ];
    }

    private async Task<JobRecord> AddAsync() => (await _store.InsertAsync(TestJobs.Pending(), Cancellation)).Job;

    private sealed class StoppableHost : IHostApplicationLifetime, IDisposable
    {
        private readonly CancellationTokenSource _stopping = new();

        public CancellationToken ApplicationStarted => CancellationToken.None;

        public CancellationToken ApplicationStopping => _stopping.Token;

        public CancellationToken ApplicationStopped => CancellationToken.None;

        public void StopApplication() => _stopping.Cancel();

        public void Dispose() => _stopping.Dispose();
    }
}
