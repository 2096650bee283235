using System.Security.Cryptography;
using ForegSyte.Hosting.Errors;
using ForegSyte.Jobs.Tenants;
using ForegSyte.Jobs.Tests.Storage;
using ForegSyte.Jobs.Uploads;
using ForegSyte.Testing;
using ForegSyte.V1;
using Microsoft.Extensions.Time.Testing;

namespace ForegSyte.Jobs.Tests.Uploads;

/// <summary>Uploads that cannot be opened after a crash of the machine.</summary>
public sealed class LostUploadTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly FakeTimeProvider _time = new(TestJobs.Noon);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Abort_FreesItsQuotaAndItsFiles()
    {
        await using var uploads = new UploadHarness(_folder, _time);
        var upload = await RecoverAsync(uploads);
        Assert.Equal(new SpaceUse(2000, 0, 1, 2000), uploads.Space.UseOf("a"));
        var hidden = await Assert.ThrowsAsync<ServiceException>(
            () => uploads.Store.AbortAsync(upload, visibleTenant: "b", Cancellation));
        Assert.Equal(ErrorReason.UploadNotFound, hidden.Reason);

        await uploads.Store.AbortAsync(upload, visibleTenant: "a", Cancellation);

        Assert.Equal(default, uploads.Space.UseOf("a"));
        Assert.Empty(Directory.GetFiles(uploads.Folder));
        var again = await Assert.ThrowsAsync<ServiceException>(
            () => uploads.Store.AbortAsync(upload, visibleTenant: "a", Cancellation));
        Assert.Equal(ErrorReason.UploadNotFound, again.Reason);
    }

    [Fact]
    public async Task RemoveExpired_AfterItsLifetime_FreesItsQuotaAndItsFiles()
    {
        await using var uploads = new UploadHarness(_folder, _time);
        await RecoverAsync(uploads);

        _time.Advance(uploads.Limits.Lifetime - TimeSpan.FromSeconds(1));
        Assert.Equal(0, await uploads.Store.RemoveExpiredAsync());
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(1, await uploads.Store.RemoveExpiredAsync());

        Assert.Equal(default, uploads.Space.UseOf("a"));
        Assert.Empty(Directory.GetFiles(uploads.Folder));
        Assert.Equal(0, await uploads.Store.RemoveExpiredAsync());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task NextProcess_AfterACompletionThatWasCutOff_HasTheUploadUnlessItIsTheVideoOfAJob(bool hasJob)
    {
        var job = TestJobs.Pending();
        job = job with { InputPath = ArtifactKeys.Video(job.JobId) };
        OpenUpload upload;
        await using (var uploads = new UploadHarness(_folder, _time))
        {
            upload = uploads.Store.Create(3, sha256: null, requestId: null, "a");
            await uploads.WriteAsync(upload, 0, "abc"u8.ToArray());
            await using var adopted = (await uploads.Storage.TryAdoptAsync(
                uploads.Files.DataOf(upload.Record.UploadId), job.InputPath, Cancellation))!;
            await adopted.CommitSharedAsync(new string('a', 64), Cancellation);
        }

        await using var next = new UploadHarness(_folder, _time);
        await (hasJob ? next.Jobs.InsertAsync(job, Cancellation) : Task.CompletedTask);
        await next.RecoverAsync();

        Assert.Equal(hasJob ? default : new SpaceUse(3, 0, 1, 3), next.Space.UseOf("a"));
        Assert.Equal(hasJob ? 0 : 2, Directory.GetFiles(next.Folder).Length);
        Assert.True(await next.Storage.ExistsAsync(job.InputPath, Cancellation), "The video is gone.");
    }

    /// <summary>An upload that the next process cannot verify: its new journal cannot be written.</summary>
    private async Task<Guid> RecoverAsync(UploadHarness next)
    {
        OpenUpload before;
        await using (var uploads = new UploadHarness(_folder, _time))
        {
            before = uploads.Store.Create(2000, sha256: null, requestId: null, "a");
            _time.Advance(TimeSpan.FromHours(1) / 2);
            await uploads.WriteAsync(before, 0, RandomNumberGenerator.GetBytes(1000));
            uploads.PretendAnotherBoot(before);
        }

        Directory.CreateDirectory(next.Files.RewrittenJournalOf(before.Record.UploadId));
        await next.RecoverAsync();
        await Assert.ThrowsAnyAsync<Exception>(() => next.FindAsync(before));
        return before.Record.UploadId;
    }
}
