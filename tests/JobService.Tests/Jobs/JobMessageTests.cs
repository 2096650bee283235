using ForegSyte.Jobs.Tests.Storage;
using ForegSyte.V1;

namespace ForegSyte.Jobs.Tests.Jobs;

/// <summary>The values that the contract's Job takes from a record.</summary>
public sealed class JobMessageTests
{
    private static readonly DateTimeOffset Noon = TestJobs.Noon;

    [Fact]
    public void Timings_OfAnEndedJob_AreCountedFromItsSubmission()
    {
        var job = TestJobs.Pending() with
        {
            Status = JobStatus.Completed,
            CreatedAt = Noon,
            QueuedAt = Noon.AddSeconds(20),
            EndedAt = Noon.AddSeconds(90),
            DecodeTime = TimeSpan.FromSeconds(7),
            InferenceTime = TimeSpan.FromSeconds(31),
            Attempts = [Attempt(1, startsAfter: 3), Attempt(2, startsAfter: 41)],
        };

        var timings = JobMessage.From(job).Timings;

        Assert.Equal(TimeSpan.FromSeconds(41), timings.Queued.ToTimeSpan());
        Assert.Equal(TimeSpan.FromSeconds(90), timings.Total.ToTimeSpan());
        Assert.Equal(TimeSpan.FromSeconds(7), timings.Decode.ToTimeSpan());
        Assert.Equal(TimeSpan.FromSeconds(31), timings.Inference.ToTimeSpan());
    }

    [Fact]
    public void Timings_BeforeTheFirstAttempt_HaveNoQueueTimeAndNoTotal()
    {
        var timings = JobMessage.From(TestJobs.Pending()).Timings;

        Assert.Null(timings.Queued);
        Assert.Null(timings.Total);
    }

    [Theory]
    [InlineData(JobStatus.Pending, 0, 0, 0)]
    [InlineData(JobStatus.Running, 30, 120, 0.25)]
    [InlineData(JobStatus.Running, 120, 120, 0.999)]
    [InlineData(JobStatus.Completed, 117, 120, 1)]
    public void Progress_Fraction_IsOneOnlyWhenTheJobIsCompleted(
        JobStatus status, int framesDone, int framesTotal, float fraction)
    {
        var job = TestJobs.Pending() with { Status = status, FramesDone = framesDone, FramesTotal = framesTotal };

        var progress = JobMessage.From(job).Progress;

        Assert.Equal(
            (framesDone, framesTotal, fraction), (progress.FramesDone, progress.FramesTotal, progress.Fraction));
    }

    [Fact]
    public void From_JobWithEveryField_HasThemAll()
    {
        var record = TestJobs.Full();

        var job = JobMessage.From(record);

        Assert.Equal(
            (record.TraceParent, record.VideoSha256, record.Failure!.Message, $"{record.ReusedJobId}"),
            (job.TraceParent, job.VideoSha256, job.ErrorMessage, job.ReusedJobId));
        Assert.Equal(record.PipelineVersion, job.PipelineVersion);
        Assert.Equal(record.Warnings.ToMessages(), job.Warnings);
        Assert.Equal(record.Devices, job.Devices);
        Assert.Equal(["lost", ""], job.Attempts.Select(attempt => attempt.ErrorMessage));
        Assert.Equal(job.Attempts.TakeLast(1), JobMessage.From(record, maxAttempts: 1).Attempts);
    }

    [Fact]
    public void From_NewJob_HasEmptyTexts()
    {
        var job = JobMessage.From(TestJobs.Pending());

        Assert.Equal(("", "", ""), (job.TraceParent, job.VideoSha256, job.ErrorMessage));
        Assert.Equal(("", ""), (job.ReusedJobId, job.PipelineVersion));
    }

    [Fact]
    public void Preview_OfAJob_HasNoIdTimesOrEtag()
    {
        var record = TestJobs.Full();
        var expected = JobMessage.From(record);
        (expected.JobId, expected.TraceParent, expected.Etag) = ("", "", "");
        (expected.CreatedAt, expected.UpdatedAt, expected.Timings) = (null, null, null);

        Assert.Equal(expected, JobMessage.Preview(record));
    }

    [Theory]
    [InlineData("W/\"AAAAAAAAAAAAAAAAAAAAAA\"", true)]
    [InlineData("W/\"AAAAAAAAAAAAAAAAAAAAAAA\"", false)]
    [InlineData("W/\"AAAAAAAAAAAAAAAAAAAAA\"", false)]
    [InlineData("w/\"AAAAAAAAAAAAAAAAAAAAAA\"", false)]
    [InlineData("W/\"AAAAAAAAAAAAAAAAAAAAAAA", false)]
    [InlineData("", false)]
    public void IsEtag_Text_KnowsTheForm(string text, bool expected) =>
        Assert.True(JobMessage.IsEtag(text) == expected, $"IsEtag({text}) is {!expected}.");

    [Fact]
    public void Etag_OfAJob_ChangesWithTheJobButNotWithItsLease()
    {
        var record = TestJobs.Full();
        var etag = JobMessage.From(record).Etag;

        Assert.True(JobMessage.IsEtag(etag), $"{etag} is not an etag.");
        Assert.Equal(etag, JobMessage.From(record with { UpdatedAt = Noon.AddDays(1) }).Etag);
        Assert.NotEqual(etag, JobMessage.From(record with { Priority = 1 }).Etag);
    }

    private static AttemptRecord Attempt(int number, int startsAfter) =>
        new(number, Noon.AddSeconds(startsAfter), Noon.AddSeconds(startsAfter + 1), Failure: null);
}
