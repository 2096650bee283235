using System.Diagnostics;
using ForegSyte.Hosting.Errors;
using ForegSyte.Hosting.Stopping;
using ForegSyte.Jobs.Grpc;
using ForegSyte.Jobs.Inference;
using ForegSyte.Jobs.Queue;
using ForegSyte.Jobs.Tests.Fakes;
using ForegSyte.Jobs.Tests.Queue;
using ForegSyte.Jobs.Tests.Storage;
using ForegSyte.V1;
using Google.Protobuf.WellKnownTypes;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace ForegSyte.Jobs.Tests.Grpc;

public sealed class JobWaiterTests : IDisposable
{
    private const int Waiters = 10_000;
    private static readonly TimeSpan WakeTimeout = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan MissedTimeout = TimeSpan.FromSeconds(30);
    private static readonly Duration Longest = Duration.FromTimeSpan(TimeSpan.FromMinutes(1));
    private readonly ObservedTimeProvider _time = new();
    private readonly StoppableHost _host = new();
    private readonly InMemoryJobStore _store = new();
    private readonly JobTracker _tracker;
    private readonly GracefulShutdown _stop;
    private readonly Drain _drain;
    private readonly JobMessages _messages;
    private readonly JobWaiter _waiter;
    private Action? _afterNextRead;

    public JobWaiterTests()
    {
        _time.SetUtcNow(TestJobs.Noon);
        _tracker = new JobTracker(JobStoreProxy.Around(_store, (method, call) =>
        {
            var result = call();
            if (method.Name == nameof(IJobStore.FindAsync))
            {
                Interlocked.Exchange(ref _afterNextRead, null)?.Invoke();
            }

            return result;
        }));
        var availability = new InferenceAvailability(
            new ScriptedInference(), Options.Create(new DispatchOptions()), _time);
        _stop = new GracefulShutdown(_host, Options.Create(new StopOptions()), _time);
        _drain = new Drain(_stop, _host, _time);
        var storageAccess = new StorageAccess(
            new ScriptedInference(), new InMemoryStorage(), _tracker, _store,
            Options.Create(new InferenceOptions()), NullLogger<StorageAccess>.Instance);
        _messages = new JobMessages(new WaitReasons(new IdleClaims(), availability, storageAccess, _drain));
        _waiter = new JobWaiter(_tracker, _messages, _drain, Options.Create(new WaitOptions()), _time);
    }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _drain.Dispose();
        _stop.Dispose();
        _host.Dispose();
    }

    [Fact]
    public async Task Wait_TenThousandCallers_NeedNoThreadsAndWakeOnOneChange()
    {
        var job = await AddAsync();
        var threads = ThreadCount();
        var waits = await ParkAsync(job);
        Assert.DoesNotContain(waits, wait => wait.IsCompleted);

        // The runtime starts and ends some threads; a thread for each waiter would be ten thousand.
        Assert.InRange(ThreadCount() - threads, int.MinValue, 100);

        await ClaimAsync(job);

        var seen = await Task.WhenAll(waits).WaitAsync(WakeTimeout, Cancellation);
        Assert.All(seen, woken => Assert.Equal(JobStatus.Running, woken.Status));
        Assert.Single(seen.Distinct(ReferenceEqualityComparer.Instance));
    }

    [Fact]
    public async Task Wait_TenThousandCallers_EndWhenTheServiceClosesItsConnections()
    {
        var waits = await ParkAsync(await AddAsync());
        _host.StopApplication();
        _drain.BeginStop();
        Assert.DoesNotContain(waits, wait => wait.IsCompleted);
        _drain.Close();
        foreach (var wait in waits)
        {
            var failure = await Assert.ThrowsAsync<ServiceException>(() => wait.WaitAsync(WakeTimeout, Cancellation));
            Assert.Equal(ErrorReason.ShuttingDown, failure.Reason);
        }
    }

    [Fact]
    public async Task Wait_UntilTheTimeout_ReturnsTheUnchangedJob()
    {
        var job = await AddAsync();
        var etag = (await _messages.OfAsync(job, Cancellation)).Etag;
        var wait = _waiter.WaitAsync(job.JobId, etag, Longest, JobView.Full, Cancellation);
        await _time.TimerStartedAsync(TimeSpan.FromMinutes(1));
        _time.Advance(TimeSpan.FromMinutes(1));

        // A wait that had ended before would have disposed its timer.
        Assert.Equal(1, _time.Fired);
        Assert.Equal(etag, (await wait.WaitAsync(WakeTimeout, Cancellation)).Etag);
    }

    [Fact]
    public async Task Wait_JobIsDeleted_EndsWithNotFound()
    {
        var job = await AddAsync();
        await _store.UpdateAsync(job.JobId, stored => JobTransitions.Cancel(stored, _time.GetUtcNow()), Cancellation);
        await _store.UpdateAsync(job.JobId, stored => JobTransitions.Retry(stored, _time.GetUtcNow()), Cancellation);
        var retried = await _store.FindAsync(job.JobId, Cancellation);
        var hasRead = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _afterNextRead = hasRead.SetResult;
        var etag = (await _messages.OfAsync(retried!, Cancellation)).Etag;
        var wait = _waiter.WaitAsync(job.JobId, etag, Longest, JobView.Full, Cancellation);
        await hasRead.Task.WaitAsync(WakeTimeout, Cancellation);
        await _store.DeleteAsync(job.JobId, _ => { }, Cancellation);
        var failure = await Assert.ThrowsAsync<ServiceException>(() => wait.WaitAsync(WakeTimeout, Cancellation));
        Assert.Equal(ErrorReason.JobNotFound, failure.Reason);
    }

    [Fact]
    public async Task Wait_ChangeBetweenReadAndWait_IsNotMissed()
    {
        var job = await AddAsync();
        var etag = (await _messages.OfAsync(job, Cancellation)).Etag;
        _afterNextRead = () => ClaimAsync(job).GetAwaiter().GetResult();

        // The clock stands still, so only the change can end the wait.
        var seen = await _waiter.WaitAsync(job.JobId, etag, Longest, JobView.Full, Cancellation)
            .WaitAsync(MissedTimeout, Cancellation);

        Assert.Equal(JobStatus.Running, seen.Status);
    }

    [Fact]
    public async Task Wait_EndBetweenReadAndWait_IsNotMissed()
    {
        var job = await AddAsync();
        var etag = (await _messages.OfAsync(job, Cancellation)).Etag;
        _afterNextRead = () => _store.UpdateAsync(
            job.JobId, stored => JobTransitions.Cancel(stored, _time.GetUtcNow()), Cancellation)
            .GetAwaiter().GetResult();

        var seen = await _waiter.WaitAsync(job.JobId, etag, Longest, JobView.Full, Cancellation)
            .WaitAsync(MissedTimeout, Cancellation);

        Assert.Equal(JobStatus.Cancelled, seen.Status);
    }

    private static int ThreadCount()
    {
        using var process = Process.GetCurrentProcess();
        return process.Threads.Count;
    }

    private async Task<List<Task<Job>>> ParkAsync(JobRecord job)
    {
        var etag = (await _messages.OfAsync(job, Cancellation)).Etag;
        return
        [
            .. Enumerable.Range(0, Waiters)
                .Select(_ => _waiter.WaitAsync(job.JobId, etag, Longest, JobView.Full, Cancellation)),
        ];
    }

    private Task<JobRecord?> ClaimAsync(JobRecord job) => _store.UpdateAsync(
        job.JobId,
        stored => JobTransitions.Claim(stored, Guid.NewGuid(), _time.GetUtcNow(), TimeSpan.FromSeconds(15)),
        Cancellation);

    private async Task<JobRecord> AddAsync() => (await _store.InsertAsync(TestJobs.Pending(), Cancellation)).Job;
}
