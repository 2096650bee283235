using ForegSyte.Hosting.Stopping;
using ForegSyte.Jobs.Inference;
using ForegSyte.Jobs.Queue;
using ForegSyte.Jobs.Tests.Fakes;
using ForegSyte.Jobs.Tests.Storage;
using ForegSyte.V1;
using Google.Protobuf.WellKnownTypes;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;

namespace ForegSyte.Jobs.Tests.Queue;

public sealed class WaitReasonsTests : IDisposable
{
    private static readonly JobFailure Unreadable = new(ErrorReason.SourceNotAllowed, "Not in an allowed folder.");
    private readonly FakeTimeProvider _time = new(TestJobs.Noon);
    private readonly StoppableHost _host = new();
    private readonly ScriptedInference _inference = new();
    private readonly IdleClaims _claims = new();
    private readonly GracefulShutdown _stop;
    private readonly Drain _drain;
    private readonly InferenceAvailability _availability;
    private readonly StorageAccess _storageAccess;
    private readonly WaitReasons _reasons;

    public WaitReasonsTests()
    {
        var store = new InMemoryJobStore(_time);
        _stop = new GracefulShutdown(_host, Options.Create(new StopOptions()), _time);
        _drain = new Drain(_stop, _host, _time);
        _availability = new InferenceAvailability(_inference, Options.Create(new DispatchOptions()), _time);
        _storageAccess = new StorageAccess(
            _inference, new InMemoryStorage(), new JobTracker(store), store, Options.Create(new InferenceOptions()),
            NullLogger<StorageAccess>.Instance);
        _reasons = new WaitReasons(_claims, _availability, _storageAccess, _drain);
    }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _drain.Dispose();
        _stop.Dispose();
        _host.Dispose();
    }

    [Fact]
    public async Task Of_JobsOfEveryStatus_HasThePendingOnesWithTheirPositions()
    {
        var (first, second) = (TestJobs.Pending(), TestJobs.Pending());
        _claims.OnStandings = pending => [.. pending.Select(job =>
            new QueueStanding(IsScheduled: false, Position: job == first ? 7 : 3))];
        var running = TestJobs.Pending() with { Status = JobStatus.Running };

        var states = await _reasons.OfAsync([first, running, TestJobs.Full(), second], Cancellation);

        Assert.Equal(2, states.Count);
        Assert.Equal(new QueueState { Reason = WaitReason.Queued, Position = 7 }, states[first.JobId]);
        Assert.Equal(new QueueState { Reason = WaitReason.Queued, Position = 3 }, states[second.JobId]);
    }

    [Fact]
    public async Task Of_NoPendingJob_IsEmptyAndAsksNoQueue()
    {
        _claims.OnStandings = _ => throw new InvalidOperationException("The standings of no jobs were asked for.");

        Assert.Empty(await _reasons.OfAsync([TestJobs.Full()], Cancellation));
    }

    [Fact]
    public async Task Of_ScheduledJob_IsTheBackOffWithItsEndWhateverElseIsMissing()
    {
        await LoseInferenceAsync();
        _drain.Begin(TimeSpan.FromMinutes(1), thenStop: false);
        _claims.OnStandings = _ => [new QueueStanding(IsScheduled: true, Position: 0)];
        var end = TestJobs.Noon.AddSeconds(30);

        Assert.Equal(
            new QueueState { Reason = WaitReason.BackOff, NextAttemptAt = end.ToTimestamp() },
            await OfAsync(TestJobs.Pending() with { NextAttemptAt = end }));
    }

    [Fact]
    public async Task Of_JobWithAnUnreadableVideo_IsTheStorageAlsoDuringTheBackOff()
    {
        var job = TestJobs.Pending() with { NextAttemptAt = TestJobs.Noon.AddSeconds(30) };
        _storageAccess.ReportUnreadable(job, Unreadable);
        _claims.OnStandings = _ => [new QueueStanding(IsScheduled: true, Position: 0)];

        Assert.Equal(new QueueState { Reason = WaitReason.StorageUnreadable }, await OfAsync(job));

        // Another job's video can be readable.
        Assert.Equal(WaitReason.BackOff, (await OfAsync(TestJobs.Pending())).Reason);
    }

    [Fact]
    public async Task Of_QueuedJob_IsTheDrainBeforeTheLackOfAnInferenceService()
    {
        var job = TestJobs.Pending();

        await LoseInferenceAsync();
        Assert.Equal(new QueueState { Reason = WaitReason.NoInferenceService, Position = 1 }, await OfAsync(job));

        _drain.Begin(TimeSpan.FromMinutes(1), thenStop: false);
        Assert.Equal(new QueueState { Reason = WaitReason.Draining, Position = 1 }, await OfAsync(job));

        _drain.End();
        _inference.Serving = _ => Task.CompletedTask;
        Assert.True(await _availability.IsAvailableAsync(Cancellation), "The InferenceService serves.");
        Assert.Equal(new QueueState { Reason = WaitReason.Queued, Position = 1 }, await OfAsync(job));
    }

    private async Task<QueueState> OfAsync(JobRecord job) =>
        Assert.Single(await _reasons.OfAsync([job], Cancellation), state => state.Key == job.JobId).Value;

    private async Task LoseInferenceAsync()
    {
        _inference.Serving = cancellationToken =>
            Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancellationToken);
        var asked = _availability.IsAvailableAsync(Cancellation);
        _time.Advance(new DispatchOptions().ServingPatience);
        Assert.False(await asked, "No InferenceService serves.");
    }
}
