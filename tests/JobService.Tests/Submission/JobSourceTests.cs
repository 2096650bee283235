using System.Security.Cryptography;
using ForegSyte.Hosting.Errors;
using ForegSyte.Jobs.Submission;
using ForegSyte.Jobs.Tests.Fakes;
using ForegSyte.Jobs.Tests.Grpc;
using ForegSyte.Jobs.Tests.Storage;
using ForegSyte.Jobs.Tests.Tenants;
using ForegSyte.V1;

namespace ForegSyte.Jobs.Tests.Submission;

public sealed class JobSourceTests
{
    private const string Target = "target.mp4";
    private readonly InMemoryStorage _storage = new();
    private readonly JobRecord _job = TestJobs.Pending() with { VideoSha256 = null };

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Stage_WithoutLinksAndHash_CopiesAndHashesTheVideo()
    {
        var video = RunningJobService.Video.ToByteArray();
        await using (var staged = await _storage.StageAsync(_job.InputPath, Cancellation))
        {
            await staged.Stream.WriteAsync(video, Cancellation);
            await staged.CommitAsync(Cancellation);
        }

        await using var source = new JobSource(_job.JobId, _job, _storage);
        await source.CheckAsync(Cancellation);
        await using (var copy = await source.StageAsync(Target, TestSpace.Unlimited(_storage), Cancellation))
        {
            Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(video)), copy.Sha256);
            await copy.Artifact.CommitSharedAsync(copy.Sha256, Cancellation);
        }

        await using var stored = await _storage.OpenReadAsync(Target, Cancellation);
        Assert.Equal(video.Length, stored.Length);
    }

    [Fact]
    public async Task Stage_VideoWasDeletedAfterTheCheck_IsRefusedAndLeavesNothing()
    {
        await using var source = new JobSource(_job.JobId, _job, _storage);

        var failure = await Assert.ThrowsAsync<ServiceException>(
            () => source.StageAsync(Target, TestSpace.Unlimited(_storage), Cancellation));

        Assert.Equal(ErrorReason.VideoGone, failure.Reason);
        Assert.Empty(await _storage.KeysAsync());
    }
}
