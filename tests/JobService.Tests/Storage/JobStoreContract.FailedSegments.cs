using ForegSyte.V1;

namespace ForegSyte.Jobs.Tests.Storage;

/// <summary>The runs of segments that failed or lost frames.</summary>
public abstract partial class JobStoreContract
{
    [Fact]
    public async Task AddFailedSegment_RunsOfSeveralAttempts_ListsThemOldestEndFirst()
    {
        var job = TestJobs.Pending();
        await Store.InsertAsync(job, Cancellation);
        var failed = Failed(number: 1, attempt: 2, minute: 5) with
        {
            Instance = new Uri("unix:/run/foregsyte/inference.sock"),
            Loss = SegmentLoss.Shared,
            Failure = new JobFailure(
                ErrorReason.DecoderLost, "It's lost.\n\"quoted\"", new Dictionary<string, string> { ["signal"] = "11" })
            {
                LastWords = "VIDEO: \u0416 ended",
            },
            DecoderOutput = "VIDEO: \u0416 ended",
        };
        var lossy = Failed(number: 1, attempt: 1, minute: 3) with { FramesAnalyzed = 30, FramesLost = 2 };
        await Store.AddFailedSegmentAsync(job.JobId, failed, Cancellation);
        await Store.AddFailedSegmentAsync(job.JobId, lossy, Cancellation);

        var stored = await Store.ListFailedSegmentsAsync(job.JobId, Cancellation);

        Assert.Equal([lossy with { IsFinished = stored[0].IsFinished }, failed with { Failure = null }],
            stored.Select(run => run with { Failure = null }));
        Assert.Equal(
            (failed.Failure!.Reason, failed.Failure.Message, "11", failed.Failure.LastWords),
            (stored[1].Failure!.Reason, stored[1].Failure!.Message, stored[1].Failure!.Metadata["signal"],
                stored[1].Failure!.LastWords));
        Assert.Empty(await Store.ListFailedSegmentsAsync(Guid.NewGuid(), Cancellation));
    }

    [Fact]
    public async Task AddFailedSegment_MoreThanTheLimit_KeepsTheLatest()
    {
        var job = TestJobs.Pending();
        await Store.InsertAsync(job, Cancellation);
        for (var number = 0; number < SegmentRun.MaxStoredOfJob + 3; number++)
        {
            await Store.AddFailedSegmentAsync(job.JobId, Failed(number, attempt: 1, minute: number), Cancellation);
        }

        var stored = await Store.ListFailedSegmentsAsync(job.JobId, Cancellation);

        Assert.Equal(
            Enumerable.Range(3, SegmentRun.MaxStoredOfJob), stored.Select(run => run.Segment.Number));
    }

    [Fact]
    public async Task Delete_JobWithFailedSegments_DeletesThemAndTakesNoMore()
    {
        var (job, other) = (TestJobs.Pending(), TestJobs.Pending());
        await Store.InsertAsync(job, Cancellation);
        await Store.InsertAsync(other, Cancellation);
        await Store.AddFailedSegmentAsync(job.JobId, Failed(0, 1, 0), Cancellation);
        await Store.AddFailedSegmentAsync(other.JobId, Failed(7, 1, 0), Cancellation);

        await Store.DeleteAsync(job.JobId, _ => { }, Cancellation);

        Assert.Empty(await Store.ListFailedSegmentsAsync(job.JobId, Cancellation));
        await Store.AddFailedSegmentAsync(job.JobId, Failed(0, 1, 0), Cancellation);
        Assert.Empty(await Store.ListFailedSegmentsAsync(job.JobId, Cancellation));
        Assert.Equal(7, Assert.Single(await Store.ListFailedSegmentsAsync(other.JobId, Cancellation)).Segment.Number);
    }

    private static SegmentRun Failed(int number, int attempt, int minute) => new(
        new Segment(number, number * 32, (number + 1) * 32), attempt, TestJobs.Noon)
    {
        EndedAt = TestJobs.Noon.AddMinutes(minute),
    };
}
