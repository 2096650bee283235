using ForegSyte.Jobs.Queue;
using ForegSyte.Jobs.Tests.Fakes;
using ForegSyte.Jobs.Tests.Grpc;
using ForegSyte.Jobs.Tests.Storage;
using Microsoft.Extensions.Logging.Testing;
using Microsoft.Extensions.Time.Testing;

namespace ForegSyte.Jobs.Tests.Queue;

public sealed class LocalAttemptsTests
{
    private readonly InMemoryJobStore _store = new(new FakeTimeProvider(TestJobs.Noon), isShared: true);
    private readonly FakeLogger<LocalAttempts> _log = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Changed_TheJobIsTakenByAnotherNode_CancelsItsAttemptAlone()
    {
        var attempts = new LocalAttempts(_store, _log);
        await using var taken = await BeginAsync(attempts);
        await using var kept = await BeginAsync(attempts);

        _store.ChangeElsewhere(taken.JobId, job => JobTransitions.Cancel(job, TestJobs.Noon));
        _store.ChangeElsewhere(kept.JobId, job => job with { DisplayName = "lobby" });

        Assert.Equal((true, false), (taken.IsLost, kept.IsLost));
        Assert.True(taken.Cancellation.IsCancellationRequested, "The lost attempt was not cancelled.");
    }

    [Fact]
    public async Task Changed_OfAnyJob_ChecksEveryAttempt()
    {
        var attempts = new LocalAttempts(_store, _log);
        await using var kept = await BeginAsync(attempts);
        using var turn = await ClaimAsync();
        _store.ChangeElsewhere(turn.JobId, job => JobTransitions.Cancel(job, TestJobs.Noon));
        await using var taken = attempts.Begin(turn, Cancellation);

        _store.RaiseChanged(null);

        Assert.Equal((true, false), (taken.IsLost, kept.IsLost));
    }

    [Fact]
    public async Task Check_TheJobIsCancelledBetweenClaimAndBeginning_FindsTheAttemptLost()
    {
        var attempts = new LocalAttempts(_store, _log);
        using var turn = await ClaimAsync();
        await _store.UpdateAsync(turn.JobId, (job, now) => JobTransitions.Cancel(job, now), Cancellation);
        await using var attempt = attempts.Begin(turn, Cancellation);
        Assert.False(attempt.IsLost, "The attempt is lost before it was checked.");

        await attempts.CheckAsync(attempt);

        Assert.True(attempt.IsLost, "The attempt at a cancelled job is not lost.");
    }

    [Fact]
    public async Task Check_TheStoreIsAway_KeepsTheAttemptAndLogsIt()
    {
        var attempts = new LocalAttempts(
            JobStoreProxy.Around(
                _store,
                (method, call) => method.Name == nameof(IJobStore.FindAsync)
                    ? new ValueTask<JobRecord?>(Task.FromException<JobRecord?>(new IOException("away")))
                    : call()),
            _log);
        await using var attempt = await BeginAsync(attempts);

        await attempts.CheckAsync(attempt);

        Assert.False(attempt.IsLost, "The attempt is lost although nothing took its job.");
        Assert.Equal(
            [$"Lease of job {attempt.JobId} not checked; the next heartbeat checks it"],
            _log.Collector.GetSnapshot().Select(record => record.Message));
    }

    [Fact]
    public async Task Check_TheAttemptEndsMeanwhile_ChangesAndLogsNothing()
    {
        var answer = new TaskCompletionSource<JobRecord?>();
        var attempts = new LocalAttempts(
            JobStoreProxy.Around(
                _store,
                (method, call) => method.Name == nameof(IJobStore.FindAsync)
                    ? new ValueTask<JobRecord?>(answer.Task)
                    : call()),
            _log);
        var attempt = await BeginAsync(attempts);
        var check = attempts.CheckAsync(attempt);
        await attempt.DisposeAsync();

        answer.SetResult(null);
        await check;

        Assert.False(attempt.IsLost, "An attempt that has ended was lost.");
        Assert.Empty(_log.Collector.GetSnapshot());
    }

    private async Task<LocalAttempt> BeginAsync(LocalAttempts attempts) =>
        attempts.Begin(await ClaimAsync(), Cancellation);

    private async Task<JobTurn> ClaimAsync()
    {
        var waiting = TestJobs.Pending();
        await _store.InsertAsync(waiting, Cancellation);
        var claimed = await _store.UpdateAsync(
            waiting.JobId,
            (job, now) => JobTransitions.Claim(job, Guid.NewGuid(), now, TimeSpan.FromSeconds(15)),
            Cancellation);
        return new JobTurn(waiting, claimed!, () => { });
    }
}
