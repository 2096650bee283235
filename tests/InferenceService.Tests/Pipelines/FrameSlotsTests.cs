using ForegSyte.Inference.Pipelines;
using Microsoft.Extensions.Time.Testing;

namespace ForegSyte.Inference.Tests.Pipelines;

/// <summary>Turns of jobs whose frames cost different times. One slot, so that the order is visible.</summary>
public sealed class FrameSlotsTests
{
    private readonly FakeTimeProvider _time = new();
    private readonly FrameSlots _slots;
    private readonly List<(string Job, FrameTurns Turns, Task<long> Slot)> _waiting = [];

    public FrameSlotsTests()
    {
        _slots = new FrameSlots(1, _time);
    }

    [Fact]
    public async Task TakeAsync_CheapFramesBesideExpensiveOnes_WaitForOneOfThem()
    {
        using var expensive = _slots.Enter("expensive");
        using var cheap = _slots.Enter("cheap");
        Request(expensive, 3);
        Request(cheap, 3);

        Assert.Equal(["expensive", "cheap", "cheap", "cheap", "expensive", "expensive"], await RunAllAsync(6));
    }

    [Fact]
    public async Task TakeAsync_JobThatWasIdle_HasNoCredit()
    {
        using var busy = _slots.Enter("expensive");
        using var idle = _slots.Enter("expensive idle");
        Request(busy, 10);
        await RunAllAsync(9);
        Request(idle, 3);
        Request(busy, 3);

        var order = await RunAllAsync(6);

        Assert.InRange(order.Take(4).Count(job => job == "expensive idle"), 1, 2);
    }

    [Fact]
    public async Task TakeAsync_SecondCallOfAJob_HasTheTimeOfTheJob()
    {
        using var first = _slots.Enter("expensive");
        using var second = _slots.Enter("expensive");
        using var other = _slots.Enter("cheap");
        Request(first, 1);
        await RunAllAsync(1);
        Request(second, 2);
        Request(other, 2);

        Assert.Equal(["expensive", "cheap", "cheap", "expensive"], await RunAllAsync(4));
    }

    [Fact]
    public async Task TakeAsync_CanceledWhileItWaits_TakesNoSlot()
    {
        using var job = _slots.Enter("job");
        var taken = await job.TakeAsync(TestContext.Current.CancellationToken);
        using var cancel = new CancellationTokenSource();
        var canceled = job.TakeAsync(cancel.Token);
        var next = job.TakeAsync(TestContext.Current.CancellationToken);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => canceled);

        job.Release(taken);

        job.Release(await next);
        job.Release(await job.TakeAsync(TestContext.Current.CancellationToken));
    }

    private void Request(FrameTurns job, int frames)
    {
        for (var frame = 0; frame < frames; frame++)
        {
            _waiting.Add((job.JobId, job, job.TakeAsync(TestContext.Current.CancellationToken)));
        }
    }

    /// <summary>Runs frames, each in 300 ms if its job is expensive, else in 10 ms; returns their jobs.</summary>
    private async Task<List<string>> RunAllAsync(int frames)
    {
        List<string> order = [];
        while (order.Count < frames)
        {
            var done = await Task.WhenAny(_waiting.Select(entry => entry.Slot));
            var (job, turns, slot) = _waiting.Single(entry => entry.Slot == done);
            _waiting.RemoveAll(entry => entry.Slot == done);
            order.Add(job);
            var isExpensive = job.StartsWith("expensive", StringComparison.Ordinal);
            _time.Advance(TimeSpan.FromMilliseconds(isExpensive ? 300 : 10));
            turns.Release(await slot);
        }

        return order;
    }
}
