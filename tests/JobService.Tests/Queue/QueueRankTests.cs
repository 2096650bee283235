using CsCheck;
using ForegSyte.Jobs.Queue;
using ForegSyte.Jobs.Tests.Storage;

namespace ForegSyte.Jobs.Tests.Queue;

public sealed class QueueRankTests
{
    private static readonly TimeSpan Step = TimeSpan.FromMinutes(1);

    [Fact]
    public void Of_MoreUrgent_ComesFirstUnlessTheOtherWaitedLonger()
    {
        var old = TestJobs.Pending(createdAt: TestJobs.Noon) with { Priority = 4 };
        var urgent = TestJobs.Pending(createdAt: TestJobs.Noon.AddSeconds(59)) with { Priority = 5 };
        var late = TestJobs.Pending(createdAt: TestJobs.Noon.AddSeconds(61)) with { Priority = 5 };
        Assert.True(QueueRank.Of(urgent, Step) < QueueRank.Of(old, Step));
        Assert.True(QueueRank.Of(late, Step) > QueueRank.Of(old, Step));
    }

    /// <summary>
    /// The rank orders jobs at every moment as what it stands for does: priority and steps waited, added up.
    /// </summary>
    [Fact]
    public void Of_AnyTwoJobs_OrdersThemAsAgeingDoesAtAnyTime() =>
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

    /// <summary>Whole numbers of ticks, so that equal is equal.</summary>
    private static long UrgencyAt(DateTimeOffset now, JobRecord job) =>
        (job.Priority * Step.Ticks) + (now - job.QueuedAt).Ticks;
}
