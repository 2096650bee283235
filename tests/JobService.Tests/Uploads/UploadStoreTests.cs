using System.Security.Cryptography;
using System.Text.Json;
using CsCheck;
using ForegSyte.Hosting.Errors;
using ForegSyte.Jobs.Tests.Storage;
using ForegSyte.Jobs.Uploads;
using ForegSyte.Testing;
using ForegSyte.V1;
using Microsoft.Extensions.Time.Testing;

namespace ForegSyte.Jobs.Tests.Uploads;

public sealed class UploadStoreTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly FakeTimeProvider _time = new(TestJobs.Noon);
    private readonly byte[] _video = RandomNumberGenerator.GetBytes(3_000_001);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private string Hash => Convert.ToHexStringLower(SHA256.HashData(_video));

    public void Dispose() => _folder.Dispose();

    [Fact]
    public Task Parts_InAnyOrderConcurrentAndRepeated_AreTheVideo() =>
        Gen.Select(Gen.Int[100_000, 900_000], Gen.Int[0, 200_000], Gen.Int).SampleAsync(
            async (partBytes, overlap, seed) =>
            {
                await using var uploads = new UploadHarness(_folder, _time);
                var upload = uploads.Store.Create(_video.Length, Hash, requestId: null);
                var offsets = Enumerable.Range(0, (_video.Length / partBytes) + 1).Select(i => i * partBytes).ToArray();
                new Random(seed).Shuffle(offsets);

                await Task.WhenAll(offsets.Concat(offsets.Take(2)).Select(offset =>
                    uploads.WriteAsync(upload, offset, Part(offset, partBytes + overlap))));

                Assert.Equal([new Extent(0, _video.Length)], upload.StatusOf(uploads.Limits).Extents);
                using var completion = await uploads.CompleteAsync(upload);
                Assert.Equal(Hash, await completion.HashAsync(Cancellation));
                Assert.Equal(_video, await File.ReadAllBytesAsync(completion.Path, Cancellation));
                completion.Remove();
                Assert.Empty(Directory.GetFiles(uploads.Folder));
            },
            iter: 20, threads: 1);

    [Fact]
    public async Task Part_OtherBytesThanReceived_IsRefusedAndChangesNothing()
    {
        await using var uploads = new UploadHarness(_folder, _time);
        var upload = uploads.Store.Create(_video.Length, null, null);
        await uploads.WriteAsync(upload, 1000, Part(1000, 1000));
        var other = Part(500, 1000);
        other[700] ^= 1;

        var refused = await Assert.ThrowsAsync<ServiceException>(() => uploads.WriteAsync(upload, 500, other));

        Assert.Equal(ErrorReason.InvalidField, refused.Reason);
        Assert.Equal([new Extent(1000, 2000)], upload.StatusOf(uploads.Limits).Extents);
        await uploads.WriteAsync(upload, 500, Part(500, 1000));
        Assert.Equal([new Extent(500, 2000)], upload.StatusOf(uploads.Limits).Extents);
    }

    [Fact]
    public async Task NextProcess_ContinuesTheUpload()
    {
        OpenUpload before;
        await using (var uploads = new UploadHarness(_folder, _time))
        {
            before = uploads.Store.Create(_video.Length, Hash, Guid.NewGuid());
            _time.Advance(TimeSpan.FromMinutes(1));
            await uploads.WriteAsync(before, 0, Part(0, 1_000_000));
            await uploads.WriteAsync(before, 2_000_000, Part(2_000_000, 500_000));
        }

        await using var next = new UploadHarness(_folder, _time);
        await next.RecoverAsync();
        var upload = await next.FindAsync(before);

        Assert.Equal(before.Record, upload.Record);
        Assert.Equal(
            [new Extent(0, 1_000_000), new Extent(2_000_000, 2_500_000)], upload.StatusOf(next.Limits).Extents);
        Assert.Equal(_time.GetUtcNow() + next.Limits.Lifetime, upload.StatusOf(next.Limits).ExpiresAt);
        Assert.Same(upload, next.Store.Create(_video.Length, Hash, before.Record.RequestId));
        await next.WriteAsync(upload, 1_000_000, Part(1_000_000, 1_000_000));
        await next.WriteAsync(upload, 2_500_000, Part(2_500_000, 500_001));
        using var completion = await next.CompleteAsync(upload);
        Assert.Equal(Hash, await completion.HashAsync(Cancellation));
    }

    [Fact]
    public async Task NextProcess_RecordWithAChangedByte_IsDroppedWithAllAfterIt()
    {
        OpenUpload before;
        string journal;
        await using (var uploads = new UploadHarness(_folder, _time))
        {
            before = uploads.Store.Create(_video.Length, null, null);
            await uploads.WriteAsync(before, 0, Part(0, 1000));
            await uploads.WriteAsync(before, 1000, Part(1000, 1000));
            await uploads.WriteAsync(before, 2000, Part(2000, 1000));
            journal = uploads.Files.JournalOf(before.Record.UploadId);
        }

        var bytes = await File.ReadAllBytesAsync(journal, Cancellation);
        bytes[^10] ^= 1;
        await File.WriteAllBytesAsync(journal, [.. bytes, 1, 2, 3], Cancellation);
        await using var next = new UploadHarness(_folder, _time);
        await next.RecoverAsync();
        var upload = await next.FindAsync(before);

        Assert.Equal([new Extent(0, 2000)], upload.StatusOf(next.Limits).Extents);
        await next.WriteAsync(upload, 2000, Part(2000, 1000));
        Assert.Equal([new Extent(0, 3000)], upload.StatusOf(next.Limits).Extents);
    }

    [Fact]
    public async Task NextBoot_PartsThatTheMachineLost_AreMissing()
    {
        OpenUpload before;
        await using (var uploads = new UploadHarness(_folder, _time))
        {
            before = uploads.Store.Create(_video.Length, Hash, null);
            foreach (var offset in new[] { 0, 1_000_000, 2_000_000 })
            {
                await uploads.WriteAsync(before, offset, Part(offset, 1_000_000));
            }

            uploads.PretendAnotherBoot(before);

            // The machine wrote the journal back but not these bytes: zeros, and a file that ends early.
            await using var data = new FileStream(
                uploads.Files.DataOf(before.Record.UploadId), FileMode.Open, FileAccess.Write, FileShare.ReadWrite);
            data.Position = 1_400_000;
            data.Write(new byte[4096]);
            data.SetLength(2_900_000);
        }

        await using var next = new UploadHarness(_folder, _time);
        await next.RecoverAsync();
        var upload = await next.FindAsync(before);

        Assert.Equal([new Extent(0, 1_000_000)], upload.StatusOf(next.Limits).Extents);
        foreach (var offset in new[] { 1_000_000, 2_000_000, 3_000_000 })
        {
            await next.WriteAsync(upload, offset, Part(offset, 1_000_000));
        }

        using var completion = await next.CompleteAsync(upload);
        Assert.Equal(Hash, await completion.HashAsync(Cancellation));
    }

    [Fact]
    public async Task NextProcess_FilesWithoutAnUpload_AreRemoved()
    {
        OpenUpload before;
        await using (var uploads = new UploadHarness(_folder, _time))
        {
            before = uploads.Store.Create(_video.Length, null, null);
            await File.WriteAllTextAsync(Path.Combine(uploads.Folder, $"{Guid.NewGuid()}.data"), "x", Cancellation);
            await File.WriteAllTextAsync(Path.Combine(uploads.Folder, $"{Guid.NewGuid()}.journal"), "x", Cancellation);
            await File.WriteAllTextAsync(
                Path.Combine(uploads.Folder, $"{before.Record.UploadId}.journal.rewritten"), "x", Cancellation);
        }

        await using var next = new UploadHarness(_folder, _time);
        await next.RecoverAsync();

        Assert.Equal(
            new[] { next.Files.DataOf(before.Record.UploadId), next.Files.JournalOf(before.Record.UploadId) }.Order(),
            Directory.GetFiles(next.Folder).Order());
    }

    [Fact]
    public async Task RemoveExpired_UploadWithoutARecentPart_IsRemoved()
    {
        var options = new UploadOptions { Lifetime = TimeSpan.FromHours(1) };
        await using var uploads = new UploadHarness(_folder, _time, options);
        var idle = uploads.Store.Create(_video.Length, null, null);
        var alive = uploads.Store.Create(_video.Length, null, null);
        _time.Advance(TimeSpan.FromMinutes(40));
        await uploads.WriteAsync(alive, 0, Part(0, 10));
        _time.Advance(TimeSpan.FromMinutes(20));

        Assert.Equal(1, await uploads.Store.RemoveExpiredAsync());

        await AssertRefusedAsync(ErrorReason.UploadNotFound, () => uploads.FindAsync(idle));
        await AssertRefusedAsync(ErrorReason.UploadNotFound, () => uploads.WriteAsync(idle, 0, Part(0, 10)));
        Assert.Same(alive, await uploads.FindAsync(alive));
        Assert.Equal(2, Directory.GetFiles(uploads.Folder).Length);
    }

    [Fact]
    public async Task Completion_HoldsTheUploadUntilItIsDisposed()
    {
        await using var uploads = new UploadHarness(_folder, _time);
        var upload = uploads.Store.Create(10, null, null);
        await uploads.WriteAsync(upload, 0, Part(0, 9));
        await AssertRefusedAsync(ErrorReason.UploadIncomplete, () => uploads.CompleteAsync(upload));
        await uploads.WriteAsync(upload, 9, Part(9, 1));
        using (await uploads.CompleteAsync(upload))
        {
            _time.Advance(TimeSpan.FromDays(100));
            Assert.Equal(0, await uploads.Store.RemoveExpiredAsync());
            await AssertRefusedAsync(ErrorReason.UploadBusy, () => uploads.CompleteAsync(upload));
            await AssertRefusedAsync(ErrorReason.UploadBusy, () => uploads.WriteAsync(upload, 0, Part(0, 9)));
            await AssertRefusedAsync(
                ErrorReason.UploadBusy, () => uploads.Store.AbortAsync(upload.Record.UploadId, null, Cancellation));
        }

        await uploads.WriteAsync(upload, 0, Part(0, 9));
        await uploads.Store.AbortAsync(upload.Record.UploadId, null, Cancellation);
        Assert.Empty(Directory.GetFiles(uploads.Folder));
    }

    [Fact]
    public async Task Completion_OtherHashThanAnnounced_IsRefusedAndKeepsTheUpload()
    {
        await using var uploads = new UploadHarness(_folder, _time);
        var upload = uploads.Store.Create(10, Hash, null);
        await uploads.WriteAsync(upload, 0, Part(0, 10));
        using (var completion = await uploads.CompleteAsync(upload))
        {
            await AssertRefusedAsync(
                ErrorReason.UploadContentMismatch, () => completion.HashAsync(Cancellation));
        }

        Assert.Same(upload, await uploads.FindAsync(upload));
    }

    [Fact]
    public async Task Abort_AfterAnInterruptedCompletion_FreesTheSharedBytes()
    {
        await using var uploads = new UploadHarness(_folder, _time);
        var upload = uploads.Store.Create(10, null, null);
        await uploads.WriteAsync(upload, 0, Part(0, 10));
        var hash = new string('b', 64);
        using (var completion = await uploads.CompleteAsync(upload))
        {
            await using var adopted = (await uploads.Storage.TryAdoptAsync(completion.Path, "a.mp4", Cancellation))!;
            await adopted.CommitSharedAsync(hash, Cancellation);
        }

        await uploads.Storage.DeleteSharedAsync("a.mp4", hash, Cancellation);
        await uploads.Store.AbortAsync(upload.Record.UploadId, null, Cancellation);

        Assert.Empty(Directory.GetFiles(_folder.File("video_jobs", ".shared")));
    }

    [Fact]
    public async Task Limits_OfRangesPartsAndUploads_AreEnforced()
    {
        var options = new UploadOptions { MaxOpenUploads = 1, MaxRanges = 2, MaxParts = 4 };
        await using var uploads = new UploadHarness(_folder, _time, options);
        var upload = uploads.Store.Create(_video.Length, null, null);
        await uploads.WriteAsync(upload, 0, Part(0, 10));
        await uploads.WriteAsync(upload, 20, Part(20, 10));

        await AssertRefusedAsync(ErrorReason.InvalidField, () => uploads.WriteAsync(upload, 40, Part(40, 10)));
        await uploads.WriteAsync(upload, 10, Part(10, 10));
        await uploads.WriteAsync(upload, 40, Part(40, 10));
        await AssertRefusedAsync(ErrorReason.InvalidField, () => uploads.WriteAsync(upload, 30, Part(30, 10)));
        await AssertRefusedAsync(
            ErrorReason.TooManyUploads, () => Task.FromResult(uploads.Store.Create(1, null, null)));
        await uploads.Store.AbortAsync(upload.Record.UploadId, null, Cancellation);
        uploads.Store.Create(1, null, null);
    }

    [Fact]
    public async Task Create_VideosThatFitOnlyOneByOne_TakeNoSpaceFromEachOther()
    {
        await using var uploads = new UploadHarness(_folder, _time, minFree: 1 << 20, freeBytes: () => 3 << 20);
        uploads.Store.Create(2 << 20, null, null);

        uploads.Store.Create(2 << 20, null, null);

        await AssertRefusedAsync(
            ErrorReason.StorageFull, () => Task.FromResult(uploads.Store.Create((2 << 20) + 1, null, null)));
        Assert.Equal(4 << 20, uploads.Space.UseOf("").VideoBytes);
    }

    [Fact]
    public async Task Part_WithoutRoom_IsStorageFullUntilThereIsSome()
    {
        var free = 2L << 20;
        await using var uploads = new UploadHarness(_folder, _time, minFree: 1 << 20, freeBytes: () => free);
        var upload = uploads.Store.Create(1 << 20, null, null);
        free = (1 << 20) + 1000;
        await uploads.WriteAsync(upload, 0, Part(0, 1000));

        await AssertRefusedAsync(ErrorReason.StorageFull, () => uploads.WriteAsync(upload, 1000, Part(1000, 1001)));

        Assert.Equal([new Extent(0, 1000)], upload.StatusOf(uploads.Limits).Extents);
        free += 1;
        await uploads.WriteAsync(upload, 1000, Part(1000, 1001));
    }

    [Fact]
    public async Task RemoveExpired_UploadWithoutAPart_IsRemovedAfterItsOwnTime()
    {
        await using var uploads = new UploadHarness(_folder, _time);
        var unused = uploads.Store.Create(_video.Length, null, null, "a");
        var used = uploads.Store.Create(_video.Length, null, null, "a");
        await uploads.WriteAsync(used, 0, Part(0, 10));
        _time.Advance(uploads.Limits.UnusedLifetime - TimeSpan.FromTicks(1));
        Assert.Equal(0, await uploads.Store.RemoveExpiredAsync());
        _time.Advance(TimeSpan.FromTicks(1));
        Assert.Equal(_time.GetUtcNow(), unused.StatusOf(uploads.Limits).ExpiresAt);

        Assert.Equal(1, await uploads.Store.RemoveExpiredAsync());

        await AssertRefusedAsync(ErrorReason.UploadNotFound, () => uploads.FindAsync(unused));
        Assert.Equal((1, _video.Length), (uploads.Space.UseOf("a").Uploads, uploads.Space.UseOf("a").VideoBytes));
        _time.Advance(uploads.Limits.Lifetime);
        Assert.Equal(1, await uploads.Store.RemoveExpiredAsync());
        Assert.Equal(default, uploads.Space.UseOf("a"));
    }

    [Fact]
    public async Task Create_SameRequestId_ReturnsTheUploadOrAConflict()
    {
        await using var uploads = new UploadHarness(_folder, _time);
        var requestId = Guid.NewGuid();
        var upload = uploads.Store.Create(10, Hash, requestId);

        Assert.Same(upload, uploads.Store.Create(10, Hash, requestId));
        await AssertRefusedAsync(
            ErrorReason.RequestIdConflict, () => Task.FromResult(uploads.Store.Create(11, Hash, requestId)));
        await AssertRefusedAsync(
            ErrorReason.RequestIdConflict, () => Task.FromResult(uploads.Store.Create(10, null, requestId)));
    }

    [Fact]
    public async Task NextProcess_UploadOfATenant_IsVisibleToThatTenantAndToAdmins()
    {
        OpenUpload before;
        await using (var uploads = new UploadHarness(_folder, _time))
        {
            before = uploads.Store.Create(10, Hash, Guid.NewGuid(), "a");
        }

        await using var next = new UploadHarness(_folder, _time);
        await next.RecoverAsync();

        var id = before.Record.UploadId;
        Assert.Equal("a", (await next.Store.FindAsync(id, "a", Cancellation)).Record.Tenant);
        Assert.Equal("a", (await next.Store.FindAsync(id, visibleTenant: null, Cancellation)).Record.Tenant);
        await AssertRefusedAsync(ErrorReason.UploadNotFound, () => next.Store.FindAsync(id, "b", Cancellation));
        await AssertRefusedAsync(ErrorReason.UploadNotFound, () => next.Store.FindAsync(id, "", Cancellation));
        await AssertRefusedAsync(ErrorReason.UploadNotFound, () => next.Store.AbortAsync(id, "b", Cancellation));
        Assert.Null(await next.Store.TryBeginCompletionAsync(id, "b", Cancellation));
        Assert.NotSame(before, next.Store.Create(11, Hash, before.Record.RequestId, "b"));
    }

    [Fact]
    public void Header_FromBeforeTenants_BelongsToTheEmptyTenant()
    {
        var header = JsonSerializer.Deserialize<UploadJournalHeader>(
            """
            {"Upload":{"UploadId":"3f2b8c1e-0000-4000-8000-000000000001","SizeBytes":10,"Sha256":null,"RequestId":null,
            "CreatedAt":"2026-11-25T04:10:00+00:00"},"BootId":"run"}
            """)!;

        Assert.Equal(("", 10L), (header.Upload.Tenant, header.Upload.SizeBytes));
        Assert.Equal(
            (true, false), (header.Upload.IsVisibleTo(visibleTenant: null), header.Upload.IsVisibleTo("a")));
    }

    private static async Task AssertRefusedAsync(ErrorReason reason, Func<Task> call) =>
        Assert.Equal(reason, (await Assert.ThrowsAsync<ServiceException>(call)).Reason);

    private byte[] Part(int offset, int length) => _video[offset..Math.Min(offset + length, _video.Length)];
}
