using ForegSyte.Jobs.Tests.Storage;

namespace ForegSyte.Jobs.Tests.Jobs;

public sealed class JobPrecisionTests
{
    private static readonly TimeSpan Below = TimeSpan.FromTicks(9);

    [Fact]
    public void Cut_AnyTimeOfAJob_IsRoundedDownToTheMicrosecond()
    {
        var exact = TestJobs.Full() with { UpdatedAt = TestJobs.Noon, QueuedAt = TestJobs.Noon };
        Assert.Equal(TestJobs.Text(exact), TestJobs.Text(JobPrecision.Cut(exact)));

        var fine = exact with
        {
            CreatedAt = exact.CreatedAt + Below,
            UpdatedAt = exact.UpdatedAt + Below,
            QueuedAt = exact.QueuedAt + Below,
            NextAttemptAt = exact.NextAttemptAt + Below,
            EndedAt = exact.EndedAt + Below,
            Lease = exact.Lease! with { ExpiresAt = exact.Lease!.ExpiresAt + Below },
            DecodeTime = exact.DecodeTime + Below,
            InferenceTime = exact.InferenceTime + Below,
            Attempts =
            [
                .. exact.Attempts.Select(attempt => attempt with
                {
                    StartedAt = attempt.StartedAt + Below,
                    EndedAt = attempt.EndedAt + Below,
                }),
            ],
        };

        Assert.Equal(TestJobs.Text(exact), TestJobs.Text(JobPrecision.Cut(fine)));
    }

    [Fact]
    public void Cut_MissingTimes_StayMissing()
    {
        var cut = JobPrecision.Cut(TestJobs.Pending());

        Assert.Equal((null, null, null), (cut.NextAttemptAt, cut.EndedAt, cut.Lease));
    }

    [Fact]
    public void Cut_TimeOfAnotherZone_IsTheSameInstantInUtc()
    {
        var cut = JobPrecision.Cut(new DateTimeOffset(2026, 1, 31, 14, 0, 0, TimeSpan.FromHours(2)) + Below);

        Assert.Equal((TestJobs.Noon, TimeSpan.Zero), (cut, cut.Offset));
    }
}
