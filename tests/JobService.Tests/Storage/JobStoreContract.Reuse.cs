using ForegSyte.V1;

namespace ForegSyte.Jobs.Tests.Storage;

/// <summary>The search for a job with the same video, pipeline and options.</summary>
public abstract partial class JobStoreContract
{
    [Fact]
    public async Task FindReusable_OneEqualJobAmongOthers_IsTheOneThatEndedLast()
    {
        var choices = TestJobs.Choices();
        choices.FramesPerSecond = 0;
        var job = TestJobs.Pending() with
        {
            VideoSha256 = new string('5', 64),
            MaxFrames = 7,
            FrameStride = 2,
            Tenant = "a",
            Choices = choices,
        };
        var done = job with
        {
            Status = JobStatus.Completed,
            PipelineVersion = "v1",
            EndedAt = TestJobs.Noon,
            OutputPath = "results.json",
        };
        var other = choices.Clone();
        other.MinConfidence = 0.71f;
        JobRecord[] others =
        [
            done with { Status = JobStatus.Failed },
            done with { PipelineVersion = "v2" },
            done with { PipelineVersion = null },
            done with { VideoSha256 = new string('6', 64) },
            done with { VideoSha256 = null },
            done with { PipelineId = "detect_only" },
            done with { Tenant = "b" },
            done with { MaxFrames = 0 },
            done with { FrameStride = 1 },
            done with { Choices = other },
            done with { Choices = JobChoices.None },
        ];
        foreach (var different in others)
        {
            await Store.InsertAsync(different with { JobId = Guid.NewGuid() }, Cancellation);
        }

        Assert.Null(await Store.FindReusableAsync(job, "v1", Cancellation));
        var last = done with { JobId = Guid.NewGuid(), EndedAt = TestJobs.Noon.AddDays(1) };
        await Store.InsertAsync(done with { JobId = Guid.NewGuid() }, Cancellation);
        await Store.InsertAsync(last, Cancellation);
        await Store.InsertAsync(done with { JobId = Guid.NewGuid() }, Cancellation);
        Assert.Equal(last.JobId, await Store.FindReusableAsync(job, "v1", Cancellation));
        var plain = job with { Choices = JobChoices.None };
        Assert.NotNull(await Store.FindReusableAsync(plain, "v1", Cancellation));
        Assert.Null(await Store.FindReusableAsync(plain with { MaxFrames = 1 }, "v1", Cancellation));
    }

    [Fact]
    public async Task FindReusable_FramesPerSecond_IgnoresTheStrideThatFollowsFromTheVideo()
    {
        var job = TestJobs.Pending() with { VideoSha256 = "5", Choices = new JobOptions { FramesPerSecond = 2.5 } };
        var done = job with
        {
            JobId = Guid.NewGuid(),
            Status = JobStatus.Completed,
            PipelineVersion = "v1",
            FrameStride = 10,
            EndedAt = TestJobs.Noon,
        };
        await Store.InsertAsync(done, Cancellation);

        Assert.Equal(done.JobId, await Store.FindReusableAsync(job, "v1", Cancellation));
    }
}
