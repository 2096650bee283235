using ForegSyte.Hosting.Errors;
using ForegSyte.Inference.Grpc;
using ForegSyte.Inference.Metrics;
using ForegSyte.Testing;
using ForegSyte.V1;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;

namespace ForegSyte.Inference.Tests.Grpc;

public sealed class SegmentAdmissionTests : IDisposable
{
    private readonly RecordedMetrics<InferenceMetrics> _metrics = new();
    private readonly FakeTimeProvider _time = new();
    private readonly GrpcOptions _options = new() { MaxRunningSegments = 2, MaxWaitingSegments = 4 };
    private readonly SegmentAdmission _admission;

    public SegmentAdmissionTests() =>
        _admission = new SegmentAdmission(Options.Create(_options), _time, _metrics.Metrics);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => _metrics.Dispose();

    private DateTime Now => _time.GetUtcNow().UtcDateTime;

    [Fact]
    public async Task EnterAsync_QueueIsFull_NextCallIsBusyWithARetryDelay()
    {
        var running = await RunAsync("a", "a");
        var waiting = Wait("a", "a", "a", "a");

        var failure = await FailureOfAsync(Enter("a"));

        Assert.Equal(ErrorReason.InferenceBusy, failure.Reason);
        Assert.Equal(_options.BusyRetryDelay, failure.RetryAfter);
        Assert.Equal(("Grpc:MaxWaitingSegments", "4 calls"), (failure.Metadata["option"], failure.Metadata["limit"]));
        Assert.Equal((2, 4), (_admission.Running, _admission.Waiting));

        running[0].Dispose();
        (await waiting[0]).Dispose();
        Assert.Equal((2, 2), (_admission.Running, _admission.Waiting));
    }

    [Fact]
    public async Task Dispose_TwoJobsQueued_AdmitsTheOneWithFewerRunning()
    {
        var running = await RunAsync("a", "a");
        var a = Wait("a", "a");
        var b = Wait("b", "b");

        running[0].Dispose();
        var firstB = await b[0];
        Assert.False(a[0].IsCompleted, "Job b has fewer running segments.");
        firstB.Dispose();
        var secondB = await b[1];
        running[1].Dispose();
        var firstA = await a[0];
        secondB.Dispose();
        (await a[1]).Dispose();
        firstA.Dispose();

        Assert.Equal((0, 0), (_admission.Running, _admission.Waiting));
    }

    [Fact]
    public async Task Dispose_JobsWithEqualLoad_TakeTurns()
    {
        _options.MaxRunningSegments = 1;
        var slot = (await RunAsync("x"))[0];
        var order = new List<string>();
        Task<IDisposable>[] calls = [.. Wait("a", "a", "b", "c")];
        (string Job, Task<IDisposable> Slot)[] named =
            [("a1", calls[0]), ("a2", calls[1]), ("b", calls[2]), ("c", calls[3])];

        for (var turn = 0; turn < named.Length; turn++)
        {
            slot.Dispose();
            slot = await await Task.WhenAny(named.Where(call => !order.Contains(call.Job)).Select(call => call.Slot));
            order.Add(named.Single(call => call.Slot.IsCompleted && !order.Contains(call.Job)).Job);
        }

        Assert.Equal(["a1", "b", "c", "a2"], order);
    }

    [Fact]
    public async Task EnterAsync_OneJobFillsTheQueue_AnotherReplacesItsNewestCall()
    {
        await RunAsync("greedy", "greedy");
        var greedy = Wait("greedy", "greedy", "greedy", "greedy");

        var modest = Enter("modest");

        Assert.Equal(ErrorReason.InferenceBusy, (await FailureOfAsync(greedy[3])).Reason);
        Assert.False(modest.IsCompleted, "The call must be queued.");
        Assert.Equal(4, _admission.Waiting);
        Assert.All(greedy.Take(3), call => Assert.False(call.IsCompleted, "An older call must stay queued."));
    }

    [Fact]
    public async Task EnterAsync_DeadlinePasses_RefusesThatCallOnly()
    {
        var running = await RunAsync("a", "a");
        var soon = Enter("a", Now.AddSeconds(5));
        var late = Enter("a", Now.AddSeconds(50));

        _time.Advance(TimeSpan.FromSeconds(5));

        Assert.Equal(ErrorReason.DeadlineExceeded, (await FailureOfAsync(soon)).Reason);
        Assert.Equal(1, _admission.Waiting);
        running[0].Dispose();
        (await late).Dispose();
    }

    [Fact]
    public async Task EnterAsync_DeadlineHasPassed_IsRefusedWithAFreeSlot()
    {
        var failure = await FailureOfAsync(Enter("a", Now));

        Assert.Equal(ErrorReason.DeadlineExceeded, failure.Reason);
        Assert.Equal(0, _admission.Running);
    }

    [Fact]
    public async Task EnterAsync_WaitsLongerThanAllowed_IsBusyBeforeItsDeadline()
    {
        await RunAsync("a", "a");
        var call = Enter("b", Now.AddHours(1));

        _time.Advance(_options.MaxWaitTime);

        var failure = await FailureOfAsync(call);
        Assert.Equal((ErrorReason.InferenceBusy, "Grpc:MaxWaitTime"), (failure.Reason, failure.Metadata["option"]));
        Assert.Equal("2m", failure.Metadata["limit"]);
        Assert.Equal(0, _admission.Waiting);
    }

    [Fact]
    public async Task EnterAsync_CancelledInTheQueue_LeavesTheQueue()
    {
        var running = await RunAsync("a", "a");
        using var cancel = new CancellationTokenSource();
        var call = _admission.EnterAsync("b", DateTime.MaxValue, cancel.Token);
        var next = Enter("c");

        await cancel.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call);
        running[0].Dispose();
        (await next).Dispose();
        Assert.Equal((1, 0), (_admission.Running, _admission.Waiting));
    }

    [Fact]
    public async Task Dispose_Twice_ReturnsOneSlot()
    {
        var running = await RunAsync("a", "a");

        running[0].Dispose();
        running[0].Dispose();

        Assert.Equal(1, _admission.Running);
    }

    [Fact]
    public async Task EnterAsync_AnyEndOfTheWait_RecordsItsLength()
    {
        var running = await RunAsync("a", "a");
        var admitted = Enter("b");
        var dropped = Enter("b", Now.AddSeconds(3));

        _time.Advance(TimeSpan.FromSeconds(3));
        await FailureOfAsync(dropped);
        _time.Advance(TimeSpan.FromSeconds(4));
        running[0].Dispose();
        await admitted;

        Assert.Equal([0, 0, 3, 7], _metrics.Values("foregsyte.inference.segment.queue_time"));
    }

    private async Task<List<IDisposable>> RunAsync(params string[] jobs)
    {
        var slots = new List<IDisposable>();
        foreach (var job in jobs)
        {
            slots.Add(await Enter(job));
        }

        return slots;
    }

    private List<Task<IDisposable>> Wait(params string[] jobs)
    {
        var calls = jobs.Select(job => Enter(job)).ToList();
        Assert.All(calls, call => Assert.False(call.IsCompleted, "No slot is free."));
        return calls;
    }

    private Task<IDisposable> Enter(string job, DateTime? deadline = null) =>
        _admission.EnterAsync(job, deadline ?? DateTime.MaxValue, Cancel);

    private static Task<ServiceException> FailureOfAsync(Task<IDisposable> call) =>
        Assert.ThrowsAsync<ServiceException>(() => call);
}
