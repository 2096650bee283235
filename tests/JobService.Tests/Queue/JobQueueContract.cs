using CsCheck;
using ForegSyte.Jobs.Queue;

namespace ForegSyte.Jobs.Tests.Queue;

/// <summary>The contract of every queue with the jobs of one tenant.</summary>
public abstract class JobQueueContract
{
    private const string Tenant = "acme";
    private static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly Guid[] Ids =
        [.. Enumerable.Range(1, 12).Select(number => new Guid(number, 0, 0, new byte[8]))];

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private protected abstract IJobQueue Create();

    [Fact]
    public void AnySteps_MatchASortedList() =>
        Gen.Select(Gen.Int[0, 4], Gen.Int[0, Ids.Length - 1], Gen.Int[0, 5]).Array[0, 60].Sample(steps =>
        {
            var queue = Create();
            var model = new SortedSet<(DateTimeOffset Rank, Guid JobId)>();
            foreach (var (command, index, seconds) in steps)
            {
                var jobId = Ids[index];
                switch (command)
                {
                    case 0 or 1:
                        var rank = Start.AddSeconds(seconds);
                        var added = model.All(entry => entry.JobId != jobId) && model.Add((rank, jobId));
                        Assert.Equal(added, queue.Enqueue(jobId, Tenant, rank));
                        break;
                    case 2:
                        Assert.Equal(model.RemoveWhere(entry => entry.JobId == jobId) > 0, queue.Remove(jobId));
                        break;
                    case 3 when model.Count > 0:
                        var taken = queue.DequeueAsync(Cancellation);
                        Assert.True(taken.IsCompletedSuccessfully, "DequeueAsync waits although an id is queued.");
                        Assert.Equal(model.Min.JobId, taken.GetAwaiter().GetResult().JobId);
                        model.Remove(model.Min);
                        break;
                }

                Check(queue, [.. model.Select(entry => entry.JobId)], Ids);
            }
        });

    [Fact]
    public void ManyIds_InAnyOrder_HaveTheirPositions()
    {
        var random = new Random(7);
        var queue = Create();
        var entries = Enumerable.Range(0, 3000)
            .Select(_ => (Rank: Start.AddSeconds(random.Next(500)), JobId: RandomId(random)))
            .ToList();
        entries.ForEach(entry => queue.Enqueue(entry.JobId, Tenant, entry.Rank));
        var gone = entries.Where(_ => random.Next(3) == 0).ToList();
        gone.ForEach(entry => Assert.True(queue.Remove(entry.JobId), $"{entry.JobId} is not queued."));

        Check(queue, [.. entries.Except(gone).Order().Select(entry => entry.JobId)], gone.Select(entry => entry.JobId));
    }

    [Fact]
    public async Task Dequeue_Empty_WaitsForTheNextId()
    {
        var queue = Create();
        var first = queue.DequeueAsync(Cancellation).AsTask();
        var second = queue.DequeueAsync(Cancellation).AsTask();
        Assert.False(first.IsCompleted, "DequeueAsync returned from an empty queue.");
        queue.Enqueue(Ids[0], Tenant, Start);
        queue.Enqueue(Ids[1], Tenant, Start);
        Assert.Equal((Ids[0], Ids[1]), ((await first).JobId, (await second).JobId));
        Assert.Equal(0, queue.Size);
    }

    [Fact]
    public async Task Dequeue_Cancelled_TakesNoId()
    {
        var queue = Create();
        using var end = new CancellationTokenSource();
        var cancelled = queue.DequeueAsync(end.Token).AsTask();
        await end.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => cancelled);
        queue.Enqueue(Ids[0], Tenant, Start);
        Assert.Equal(1, queue.Size);
        Assert.Equal(Ids[0], (await queue.DequeueAsync(Cancellation)).JobId);
    }

    [Fact]
    public async Task Dequeue_AlreadyCancelled_TakesNoId()
    {
        var queue = Create();
        queue.Enqueue(Ids[0], Tenant, Start);
        using var end = new CancellationTokenSource();
        await end.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => queue.DequeueAsync(end.Token).AsTask());

        Assert.Equal(1, queue.PositionOf(Ids[0]));
    }

    /// <summary>Callers before and after a cancelled one get the next jobs.</summary>
    [Fact]
    public async Task Dequeue_OneOfSeveralTakersCancelled_ServesTheOthersInTheirOrder()
    {
        var queue = Create();
        using var end = new CancellationTokenSource();
        var first = queue.DequeueAsync(Cancellation).AsTask();
        var cancelled = queue.DequeueAsync(end.Token).AsTask();
        var last = queue.DequeueAsync(Cancellation).AsTask();
        await end.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => cancelled);

        queue.Enqueue(Ids[0], Tenant, Start);
        queue.Enqueue(Ids[1], Tenant, Start);

        Assert.Equal((Ids[0], Ids[1]), ((await first).JobId, (await last).JobId));
    }

    [Fact]
    public async Task Remove_TheLastId_LeavesNothingToTakersAndCanBeQueuedAgain()
    {
        var queue = Create();
        queue.Enqueue(Ids[0], Tenant, Start);
        Assert.True(queue.Remove(Ids[0]), "The id is not queued.");

        var taker = queue.DequeueAsync(Cancellation).AsTask();
        Assert.False(taker.IsCompleted, "DequeueAsync returned a removed id.");
        queue.Enqueue(Ids[0], Tenant, Start.AddSeconds(1));

        Assert.Equal(Ids[0], (await taker).JobId);
    }

    [Fact]
    public async Task ManyTakersAndCancellations_EachIdIsTakenOnce()
    {
        const int Count = 2000;
        var queue = Create();
        var taken = new System.Collections.Concurrent.ConcurrentBag<Guid>();
        using var done = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        var takers = Enumerable.Range(0, 8).Select(seed => Task.Run(
            async () =>
            {
                var random = new Random(seed);
                while (!done.IsCancellationRequested)
                {
                    using var abandoned = CancellationTokenSource.CreateLinkedTokenSource(done.Token);
                    var take = queue.DequeueAsync(abandoned.Token).AsTask();
                    if (random.Next(3) == 0)
                    {
                        await abandoned.CancelAsync();
                    }

                    await take.ContinueWith(
                        ended =>
                        {
                            if (ended.IsCompletedSuccessfully)
                            {
                                taken.Add(ended.GetAwaiter().GetResult().JobId);
                            }
                        },
                        TaskScheduler.Default);
                    if (taken.Count == Count)
                    {
                        await done.CancelAsync();
                    }
                }
            },
            Cancellation)).ToList();
        var ids = Enumerable.Range(0, Count).Select(number => new Guid(number, 1, 0, new byte[8])).ToList();
        Parallel.ForEach(ids, jobId => queue.Enqueue(jobId, Tenant, Start));
        await Task.WhenAll(takers);
        Assert.Equal(ids.Order(), taken.Order());
        Assert.Equal(0, queue.Size);
    }

    private static void Check(IJobQueue queue, List<Guid> order, IEnumerable<Guid> others)
    {
        Assert.Equal(order.Count, queue.Size);
        Assert.Equal(Enumerable.Range(1, order.Count), order.Select(jobId => queue.PositionOf(jobId) ?? 0));
        Assert.All(others.Except(order), jobId => Assert.Null(queue.PositionOf(jobId)));
    }

    private static Guid RandomId(Random random)
    {
        var bytes = new byte[16];
        random.NextBytes(bytes);
        return new Guid(bytes);
    }
}
