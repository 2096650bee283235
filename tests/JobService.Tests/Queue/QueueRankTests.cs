using CsCheck;
using ForegSyte.Jobs.Queue;
using ForegSyte.Jobs.Tests.Storage;

namespace ForegSyte.Jobs.Tests.Queue;

public sealed class QueueRankTests
{
    private static readonly TimeSpan Step = TimeSpan.FromMinutes(1);

    [Fact]
    public void Of_HigherPriority_ComesFirstUnlessTheOtherWaitedAStepLonger()
    {
        var old = TestJobs.Pending(createdAt: TestJobs.Noon) with { Priority = 4 };
        var urgent = TestJobs.Pending(createdAt: TestJobs.Noon.AddSeconds(59)) with { Priority = 5 };
        var late = TestJobs.Pending(createdAt: TestJobs.Noon.AddSeconds(61)) with { Priority = 5 };
        Assert.Equal([urgent, old, late], new[] { late, old, urgent }.OrderBy(job => QueueRank.Of(job, Step)));
    }

    [Theory]
    [InlineData(0, 60, 0)]
    [InlineData(3, 20, 60)]
    [InlineData(9, 90, 810)]
    public void Of_AnyPriorityAndStep_IsTheQueueTimeMinusOneStepPerLevel(int priority, int step, int expected)
    {
        var job = TestJobs.Pending() with { Priority = priority, QueuedAt = TestJobs.Noon.AddHours(1) };
        Assert.Equal(
            TestJobs.Noon.AddHours(1).AddSeconds(-expected), QueueRank.Of(job, TimeSpan.FromSeconds(step)));
    }

    /// <summary>
    /// At any time the rank orders jobs by priority plus steps waited.
    /// </summary>
    [Fact]
    public void Of_AnyTwoJobs_OrdersThemByPriorityAndAge() =>
        Gen.Select(Gen.Int[0, 9], Gen.Int[0, 9], Gen.Int[0, 1000], Gen.Int[0, 1000], Gen.Int[0, 100_000])
            .Sample((priority, otherPriority, queued, otherQueued, later) =>
            {
                var job = TestJobs.Pending(createdAt: TestJobs.Noon.AddSeconds(queued)) with { Priority = priority };
                var other = TestJobs.Pending(createdAt: TestJobs.Noon.AddSeconds(otherQueued)) with
                {
                    Priority = otherPriority,
                };
                var now = TestJobs.Noon.AddSeconds(1000 + later);
                Assert.Equal(
                    Math.Sign(UrgencyAt(now, other).CompareTo(UrgencyAt(now, job))),
                    QueueRank.Of(job, Step).CompareTo(QueueRank.Of(other, Step)));
            });

    /// <summary>In whole ticks, so that the comparison is exact.</summary>
    private static long UrgencyAt(DateTimeOffset now, JobRecord job) =>
        (job.Priority * Step.Ticks) + (now - job.QueuedAt).Ticks;
}
