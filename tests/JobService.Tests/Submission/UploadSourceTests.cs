using System.Security.Cryptography;
using ForegSyte.Jobs.Submission;
using ForegSyte.Jobs.Tests.Fakes;
using ForegSyte.Jobs.Tests.Storage;
using ForegSyte.Jobs.Tests.Tenants;
using ForegSyte.Jobs.Tests.Uploads;
using ForegSyte.Testing;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;

namespace ForegSyte.Jobs.Tests.Submission;

public sealed class UploadSourceTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Stage_StorageWithoutHardLinks_CopiesAndKeepsTheUploadUntilRemove()
    {
        var video = await File.ReadAllBytesAsync(RepositoryFiles.Pedestrians, Cancellation);
        await using var uploads = new UploadHarness(_folder, new FakeTimeProvider(TestJobs.Noon));
        var upload = uploads.Store.Create(video.Length, sha256: null, requestId: null);
        await uploads.WriteAsync(upload, 0, video);
        var storage = new InMemoryStorage();
        var checks = new VideoChecks(Options.Create(new SubmitOptions()));
        await using var source = new UploadSource(
            upload.Record.UploadId, await uploads.CompleteAsync(upload), storage, checks);

        await source.CheckAsync(Cancellation);
        await using (var staged = await source.StageAsync("a.mp4", TestSpace.Unlimited(storage), Cancellation))
        {
            Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(video)), staged.Sha256);
            await staged.Artifact.CommitSharedAsync(staged.Sha256, Cancellation);
        }

        using var copy = new MemoryStream();
        await (await storage.OpenReadAsync("a.mp4", Cancellation)).CopyToAsync(copy, Cancellation);
        Assert.Equal(video, copy.ToArray());
        Assert.Equal(2, Directory.GetFiles(uploads.Folder).Length);
        source.Remove();
        Assert.Empty(Directory.GetFiles(uploads.Folder));
    }
}
