using ForegSyte.Jobs.Tests.Storage;
using ForegSyte.V1;

namespace ForegSyte.Jobs.Tests.Jobs;

public sealed class JobRecordTests
{
    [Fact]
    public void NewJob_WithoutOptionalFields_HasEmptyTexts()
    {
        var job = TestJobs.Pending();

        Assert.Equal(("", ""), (job.DisplayName, job.Tenant));
        Assert.Equal("", new JobFailure(ErrorReason.Internal, "Lost.").LastWords);
    }

    [Fact]
    public void RequireSame_FieldThatIsFixedAtSubmission_NamesTheJob()
    {
        var job = TestJobs.Full();

        JobIdentity.RequireSame(job, TestJobs.Pending(job.JobId) with
        {
            Choices = job.Choices,
            Fingerprint = job.Fingerprint,
            InputPath = job.InputPath,
            MaxFrames = job.MaxFrames,
            RequestId = job.RequestId,
            Tenant = job.Tenant,
            TraceParent = job.TraceParent,
            VideoBytes = job.VideoBytes,
            VideoSha256 = job.VideoSha256,
            Webhook = job.Webhook,
        });
        JobRecord[] changes =
        [
            job with { Tenant = "" },
            job with { VideoSha256 = null },
            job with { MaxFrames = job.MaxFrames + 1 },
            job with { CreatedAt = job.CreatedAt.AddTicks(1) },
        ];
        Assert.All(changes, changed => Assert.StartsWith(
            $"A transition of job {job.JobId} changed a field that is fixed at submission.",
            Assert.Throws<ArgumentException>(() => JobIdentity.RequireSame(job, changed)).Message,
            StringComparison.Ordinal));
    }

    [Fact]
    public void RequireSame_Stride_ChangesOnlyIfItFollowsFromFramesPerSecond()
    {
        var ownStride = TestJobs.Pending();
        var framesPerSecond = ownStride with { Choices = new JobOptions { FramesPerSecond = 5 } };

        JobIdentity.RequireSame(framesPerSecond, framesPerSecond with { FrameStride = 6 });
        Assert.Throws<ArgumentException>(
            () => JobIdentity.RequireSame(ownStride, ownStride with { FrameStride = 6 }));
    }
}
