using ForegSyte.Inference.Memory;
using Microsoft.Extensions.Time.Testing;

namespace ForegSyte.Inference.Tests.Memory;

public sealed class MemoryBudgetTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Take_FitsNotNow_WaitsForItsShare()
    {
        var budget = new MemoryBudget(10);
        var first = await TakeAsync(budget, 7);
        var second = TakeAsync(budget, 4);
        Assert.Equal((7, 1, false), (budget.Used, budget.Waiting, second.IsCompleted));

        first.Dispose();

        Assert.Equal(4, (await second).Bytes);
        Assert.Equal((4, 0), (budget.Used, budget.Waiting));
    }

    [Fact]
    public async Task Take_ALargeRequestWaits_SmallOnesDoNotOvertakeIt()
    {
        var budget = new MemoryBudget(10);
        var first = await TakeAsync(budget, 5);
        var large = TakeAsync(budget, 10);
        var small = TakeAsync(budget, 1);
        Assert.Equal(2, budget.Waiting);

        first.Dispose();

        var share = await large;
        Assert.Equal(1, budget.Waiting);
        share.Dispose();
        await small;
    }

    [Fact]
    public async Task Take_TheSmallerSizeFits_TakesItInsteadOfWaiting()
    {
        var budget = new MemoryBudget(10);
        await TakeAsync(budget, 5);

        var share = await TakeAsync(budget, 8, 6, 4);

        Assert.Equal((2, 4), (share.Choice, share.Bytes));
    }

    [Fact]
    public async Task Take_ABriefRequest_GoesFirst()
    {
        var budget = new MemoryBudget(10);
        var first = await TakeAsync(budget, 5);
        var large = TakeAsync(budget, 10);

        using var brief = await budget.TakeAsync([5], isBrief: true, Token);

        Assert.Equal((10, 1), (budget.Used, budget.Waiting));
        first.Dispose();
    }

    [Fact]
    public async Task Take_ManyBriefRequests_KeepTheirOrderAndLetTheOthersRun()
    {
        var budget = new MemoryBudget(10);
        var first = await TakeAsync(budget, 10);
        var segment = TakeAsync(budget, 10);
        List<Task<MemoryShare>> briefs = [];
        for (var i = 0; i <= MemoryBudget.MaxOvertakers; i++)
        {
            briefs.Add(budget.TakeAsync([10], isBrief: true, Token));
        }

        List<Task<MemoryShare>> expected = [.. briefs[..^1], segment, briefs[^1]];
        var share = first;
        foreach (var next in expected)
        {
            share.Dispose();
            share = await next.WaitAsync(Token);
            Assert.Equal(1, expected.Count(request => request.IsCompletedSuccessfully && request == next));
            Assert.Equal(expected.IndexOf(next) + 1, expected.Count(request => request.IsCompleted));
        }
    }

    [Fact]
    public async Task Take_NoMemoryInTime_EndsTheWait()
    {
        var (budget, time) = (new MemoryBudget(10), new FakeTimeProvider());
        var first = await TakeAsync(budget, 10);
        var late = budget.TakeAsync([1], isBrief: true, TimeSpan.FromSeconds(1), time, Token);

        time.Advance(TimeSpan.FromSeconds(1));

        await Assert.ThrowsAsync<TimeoutException>(() => late);
        Assert.Equal(0, budget.Waiting);
        first.Dispose();
    }

    [Fact]
    public async Task Take_TheHeadIsCancelled_ThoseBehindItFollow()
    {
        var budget = new MemoryBudget(10);
        await TakeAsync(budget, 5);
        using var cancel = new CancellationTokenSource();
        var large = budget.TakeAsync([10], isBrief: false, cancel.Token);
        var small = TakeAsync(budget, 5);

        await cancel.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => large);
        await small;
        Assert.Equal((10, 0), (budget.Used, budget.Waiting));
    }

    [Fact]
    public async Task Take_MoreThanTheBudget_IsADefectOfTheCaller() =>
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => TakeAsync(new MemoryBudget(10), 11));

    [Fact]
    public async Task Missing_AHolderReturnsItsShare_TheWaitEnds()
    {
        var budget = new MemoryBudget(10);
        var segment = await TakeAsync(budget, 8);
        var kept = segment.TrySplit(6)!;
        segment.Dispose();
        Assert.Equal(6, budget.Used);
        long asked = 0;
        budget.Missing += bytes =>
        {
            asked = bytes;
            kept.Dispose();
        };

        await TakeAsync(budget, 7);

        Assert.Equal((3, 7), (asked, budget.Used));
    }

    [Fact]
    public async Task TrySplit_ARequestWaits_IsRefused()
    {
        var budget = new MemoryBudget(10);
        var share = await TakeAsync(budget, 8);
        var waiting = TakeAsync(budget, 5);

        Assert.Null(share.TrySplit(1));
        share.Dispose();
        Assert.Null(share.TrySplit(1));
        await waiting;
    }

    [Fact]
    public async Task Dispose_Twice_ReturnsOnce()
    {
        var budget = new MemoryBudget(10);
        var share = await TakeAsync(budget, 8);
        share.Dispose();
        share.Dispose();
        Assert.Equal(0, budget.Used);
    }

    /// <summary>Whatever is requested, kept and returned: never above the budget, and all are granted.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public async Task Model_AnySequence_StaysWithinTheBudgetAndGrantsAll(int seed)
    {
        var random = new Random(seed);
        var budget = new MemoryBudget(100);
        var kept = new List<MemoryShare>();
        budget.Missing += _ =>
        {
            // Returning one share may raise the event again.
            MemoryShare[] returned = [.. kept];
            kept.Clear();
            Array.ForEach(returned, share => share.Dispose());
        };
        var held = new List<MemoryShare>();
        var waiting = new List<(Task<MemoryShare> Share, CancellationTokenSource Cancel)>();
        for (var step = 0; step < 5000; step++)
        {
            switch (random.Next(5))
            {
                case 0 or 1:
                    var size = random.Next(1, 101);
                    var cancel = new CancellationTokenSource();
                    var isBrief = random.Next(10) == 0;
                    waiting.Add((
                        budget.TakeAsync([size, random.Next(1, size + 1)], isBrief, cancel.Token), cancel));
                    break;
                case 2 when waiting.Count > 0:
                    await waiting[random.Next(waiting.Count)].Cancel.CancelAsync();
                    break;
                case 3 when held.Count > 0:
                    var share = held[random.Next(held.Count)];
                    if (share.TrySplit(random.Next(1, (int)share.Bytes + 1)) is { } part)
                    {
                        kept.Add(part);
                    }

                    break;
                case 4 when held.Count > 0:
                    var returned = held[random.Next(held.Count)];
                    held.Remove(returned);
                    returned.Dispose();
                    break;
            }

            await CollectAsync();
            Assert.InRange(budget.Used, 0, budget.Bytes);
            Assert.Equal(budget.Used, held.Sum(share => share.Bytes) + kept.Sum(share => share.Bytes));
            Assert.Equal(budget.Waiting, waiting.Count);
        }

        while (waiting.Count > 0)
        {
            held.ForEach(share => share.Dispose());
            held.Clear();
            var before = waiting.Count;
            await CollectAsync();
            Assert.True(waiting.Count < before, "A request waits although all memory is free.");
        }

        // A granted or cancelled request completes its task at once, but its continuation needs a thread.
        async Task CollectAsync()
        {
            while (waiting.Count > budget.Waiting)
            {
                var ended = await Task.WhenAny(waiting.Select(request => request.Share)).WaitAsync(Token);
                waiting.RemoveAll(request => request.Share == ended);
                if (ended.IsCompletedSuccessfully)
                {
                    held.Add(await ended);
                }
            }
        }
    }

    private static Task<MemoryShare> TakeAsync(MemoryBudget budget, params long[] sizes) =>
        budget.TakeAsync(sizes, isBrief: false, Token);
}
