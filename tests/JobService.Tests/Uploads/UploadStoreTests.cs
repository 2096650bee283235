using System.Security.Cryptography;
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
    public Task Parts_InAnyOrderAtOnceAndRepeated_AreTheVideo() =>
        Gen.Select(Gen.Int[100_000, 900_000], Gen.Int[0, 200_000], Gen.Int).SampleAsync(
            async (partBytes, overlap, seed) =>
            {
                await using var parts = new UploadParts(_folder, _time);
                var upload = parts.Store.Create(_video.Length, Hash, requestId: null);
                var offsets = Enumerable.Range(0, (_video.Length / partBytes) + 1).Select(i => i * partBytes).ToArray();
                new Random(seed).Shuffle(offsets);

                await Task.WhenAll(offsets.Concat(offsets.Take(2)).Select(offset =>
                    parts.WriteAsync(upload, offset, Part(offset, partBytes + overlap))));

                Assert.Equal([new Extent(0, _video.Length)], upload.StatusOf(TimeSpan.Zero).Extents);
                using var completion = await parts.CompleteAsync(upload);
                Assert.Equal(Hash, await completion.HashAsync(Cancellation));
                Assert.Equal(_video, await File.ReadAllBytesAsync(completion.Path, Cancellation));
                completion.Remove();
                Assert.Empty(Directory.GetFiles(parts.Folder));
            },
            iter: 20, threads: 1);

    [Fact]
    public async Task Part_OtherBytesThanThoseThere_IsRefusedAndChangesNothing()
    {
        await using var parts = new UploadParts(_folder, _time);
        var upload = parts.Store.Create(_video.Length, null, null);
        await parts.WriteAsync(upload, 1000, Part(1000, 1000));
        var other = Part(500, 1000);
        other[700] ^= 1;

        var refused = await Assert.ThrowsAsync<ServiceException>(() => parts.WriteAsync(upload, 500, other));

        Assert.Equal(ErrorReason.InvalidField, refused.Reason);
        Assert.Equal([new Extent(1000, 2000)], upload.StatusOf(TimeSpan.Zero).Extents);
        await parts.WriteAsync(upload, 500, Part(500, 1000));
        Assert.Equal([new Extent(500, 2000)], upload.StatusOf(TimeSpan.Zero).Extents);
    }

    [Fact]
    public async Task NextProcess_GoesOnWhereThisOneWas()
    {
        OpenUpload before;
        await using (var parts = new UploadParts(_folder, _time))
        {
            before = parts.Store.Create(_video.Length, Hash, Guid.NewGuid());
            _time.Advance(TimeSpan.FromMinutes(1));
            await parts.WriteAsync(before, 0, Part(0, 1_000_000));
            await parts.WriteAsync(before, 2_000_000, Part(2_000_000, 500_000));
        }

        await using var next = new UploadParts(_folder, _time);
        await next.RecoverAsync();
        var upload = await next.FindAsync(before);

        Assert.Equal(before.Record, upload.Record);
        Assert.Equal(
            [new Extent(0, 1_000_000), new Extent(2_000_000, 2_500_000)], upload.StatusOf(TimeSpan.Zero).Extents);
        Assert.Equal(_time.GetUtcNow(), upload.StatusOf(TimeSpan.Zero).ExpiresAt);
        Assert.Same(upload, next.Store.Create(_video.Length, Hash, before.Record.RequestId));
        await next.WriteAsync(upload, 1_000_000, Part(1_000_000, 1_000_000));
        await next.WriteAsync(upload, 2_500_000, Part(2_500_000, 500_001));
        using var completion = await next.CompleteAsync(upload);
        Assert.Equal(Hash, await completion.HashAsync(Cancellation));
    }

    [Fact]
    public async Task NextProcess_RecordThatIsNotWhole_IsNotThere()
    {
        OpenUpload before;
        string journal;
        await using (var parts = new UploadParts(_folder, _time))
        {
            before = parts.Store.Create(_video.Length, null, null);
            await parts.WriteAsync(before, 0, Part(0, 1000));
            await parts.WriteAsync(before, 1000, Part(1000, 1000));
            await parts.WriteAsync(before, 2000, Part(2000, 1000));
            journal = parts.Files.JournalOf(before.Record.UploadId);
        }

        var bytes = await File.ReadAllBytesAsync(journal, Cancellation);
        bytes[^10] ^= 1;
        await File.WriteAllBytesAsync(journal, [.. bytes, 1, 2, 3], Cancellation);
        await using var next = new UploadParts(_folder, _time);
        await next.RecoverAsync();
        var upload = await next.FindAsync(before);

        Assert.Equal([new Extent(0, 2000)], upload.StatusOf(TimeSpan.Zero).Extents);
        await next.WriteAsync(upload, 2000, Part(2000, 1000));
        Assert.Equal([new Extent(0, 3000)], upload.StatusOf(TimeSpan.Zero).Extents);
    }

    [Fact]
    public async Task NextRunOfTheMachine_BytesThatItLost_AreNotThere()
    {
        OpenUpload before;
        await using (var parts = new UploadParts(_folder, _time))
        {
            before = parts.Store.Create(_video.Length, Hash, null);
            foreach (var offset in new[] { 0, 1_000_000, 2_000_000 })
            {
                await parts.WriteAsync(before, offset, Part(offset, 1_000_000));
            }

            PretendAnotherRun(parts, before);

            // The journal was written back by the machine, and these bytes were not: zeros, and a file that ends early.
            await using var data = new FileStream(
                parts.Files.DataOf(before.Record.UploadId), FileMode.Open, FileAccess.Write, FileShare.ReadWrite);
            data.Position = 1_400_000;
            data.Write(new byte[4096]);
            data.SetLength(2_900_000);
        }

        await using var next = new UploadParts(_folder, _time);
        await next.RecoverAsync();
        var upload = await next.FindAsync(before);

        Assert.Equal([new Extent(0, 1_000_000)], upload.StatusOf(TimeSpan.Zero).Extents);
        foreach (var offset in new[] { 1_000_000, 2_000_000, 3_000_000 })
        {
            await next.WriteAsync(upload, offset, Part(offset, 1_000_000));
        }

        using var completion = await next.CompleteAsync(upload);
        Assert.Equal(Hash, await completion.HashAsync(Cancellation));
    }

    [Fact]
    public async Task NextProcess_FilesOfNoUpload_AreRemovedAndUploadsStay()
    {
        OpenUpload before;
        await using (var parts = new UploadParts(_folder, _time))
        {
            before = parts.Store.Create(_video.Length, null, null);
            await File.WriteAllTextAsync(Path.Combine(parts.Folder, $"{Guid.NewGuid()}.data"), "x", Cancellation);
            await File.WriteAllTextAsync(Path.Combine(parts.Folder, $"{Guid.NewGuid()}.journal"), "torn", Cancellation);
            await File.WriteAllTextAsync(
                Path.Combine(parts.Folder, $"{before.Record.UploadId}.journal.rewritten"), "x", Cancellation);
        }

        await using var next = new UploadParts(_folder, _time);
        await next.RecoverAsync();

        Assert.Equal(
            new[] { next.Files.DataOf(before.Record.UploadId), next.Files.JournalOf(before.Record.UploadId) }.Order(),
            Directory.GetFiles(next.Folder).Order());
    }

    [Fact]
    public async Task Expired_IsRemoved_AndEveryPartPutsItOff()
    {
        await using var parts = new UploadParts(_folder, _time, new UploadOptions { Lifetime = TimeSpan.FromHours(1) });
        var idle = parts.Store.Create(_video.Length, null, null);
        var alive = parts.Store.Create(_video.Length, null, null);
        _time.Advance(TimeSpan.FromMinutes(40));
        await parts.WriteAsync(alive, 0, Part(0, 10));
        _time.Advance(TimeSpan.FromMinutes(20));

        Assert.Equal(1, parts.Store.RemoveExpired());

        await AssertRefusedAsync(ErrorReason.UploadNotFound, () => parts.FindAsync(idle));
        await AssertRefusedAsync(ErrorReason.UploadNotFound, () => parts.WriteAsync(idle, 0, Part(0, 10)));
        Assert.Same(alive, await parts.FindAsync(alive));
        Assert.Equal(2, Directory.GetFiles(parts.Folder).Length);
    }

    [Fact]
    public async Task Held_IsNeitherChangedNorRemoved_AndLetGoItIsAsBefore()
    {
        await using var parts = new UploadParts(_folder, _time);
        var upload = parts.Store.Create(10, null, null);
        await parts.WriteAsync(upload, 0, Part(0, 9));
        await AssertRefusedAsync(ErrorReason.UploadIncomplete, () => parts.CompleteAsync(upload));
        await parts.WriteAsync(upload, 9, Part(9, 1));
        using (await parts.CompleteAsync(upload))
        {
            _time.Advance(TimeSpan.FromDays(100));
            Assert.Equal(0, parts.Store.RemoveExpired());
            await AssertRefusedAsync(ErrorReason.UploadBusy, () => parts.CompleteAsync(upload));
            await AssertRefusedAsync(ErrorReason.UploadBusy, () => parts.WriteAsync(upload, 0, Part(0, 9)));
            await AssertRefusedAsync(
                ErrorReason.UploadBusy, () => parts.Store.AbortAsync(upload.Record.UploadId, Cancellation));
        }

        await parts.WriteAsync(upload, 0, Part(0, 9));
        await parts.Store.AbortAsync(upload.Record.UploadId, Cancellation);
        Assert.Empty(Directory.GetFiles(parts.Folder));
    }

    [Fact]
    public async Task Completion_OtherHashThanAnnounced_IsRefusedAndTheUploadStays()
    {
        await using var parts = new UploadParts(_folder, _time);
        var upload = parts.Store.Create(10, Hash, null);
        await parts.WriteAsync(upload, 0, Part(0, 10));
        using (var completion = await parts.CompleteAsync(upload))
        {
            await AssertRefusedAsync(
                ErrorReason.UploadContentMismatch, () => completion.HashAsync(Cancellation));
        }

        Assert.Same(upload, await parts.FindAsync(upload));
    }

    [Fact]
    public async Task Abort_OfACompletionThatWasCutOff_FreesItsBytes()
    {
        await using var parts = new UploadParts(_folder, _time);
        var upload = parts.Store.Create(10, null, null);
        await parts.WriteAsync(upload, 0, Part(0, 10));
        var hash = new string('b', 64);
        using (var completion = await parts.CompleteAsync(upload))
        {
            await using var adopted = parts.Storage.TryAdopt(completion.Path, "a.mp4")!;
            await adopted.CommitSharedAsync(hash, Cancellation);
        }

        parts.Storage.DeleteShared("a.mp4", hash);
        await parts.Store.AbortAsync(upload.Record.UploadId, Cancellation);

        Assert.Empty(Directory.GetFiles(_folder.File("video_jobs", ".shared")));
    }

    [Fact]
    public async Task Limits_OfRangesPartsAndUploads_AreKept()
    {
        var options = new UploadOptions { MaxOpenUploads = 1, MaxRanges = 2, MaxParts = 4 };
        await using var parts = new UploadParts(_folder, _time, options);
        var upload = parts.Store.Create(_video.Length, null, null);
        await parts.WriteAsync(upload, 0, Part(0, 10));
        await parts.WriteAsync(upload, 20, Part(20, 10));

        await AssertRefusedAsync(ErrorReason.InvalidField, () => parts.WriteAsync(upload, 40, Part(40, 10)));
        await parts.WriteAsync(upload, 10, Part(10, 10));
        await parts.WriteAsync(upload, 40, Part(40, 10));
        await AssertRefusedAsync(ErrorReason.InvalidField, () => parts.WriteAsync(upload, 30, Part(30, 10)));
        await AssertRefusedAsync(
            ErrorReason.TooManyUploads, () => Task.FromResult(parts.Store.Create(1, null, null)));
        await parts.Store.AbortAsync(upload.Record.UploadId, Cancellation);
        parts.Store.Create(1, null, null);
    }

    [Fact]
    public async Task Create_MoreThanFitsWithWhatWasPromised_IsStorageFull()
    {
        var free = new DriveInfo(_folder.Path).AvailableFreeSpace;
        await using var parts = new UploadParts(_folder, _time, minFree: 1 << 20);
        var size = (free / 2) + (64L << 20);
        var first = parts.Store.Create(size, null, null);

        await AssertRefusedAsync(ErrorReason.StorageFull, () => Task.FromResult(parts.Store.Create(size, null, null)));

        await parts.Store.AbortAsync(first.Record.UploadId, Cancellation);
        parts.Store.Create(size, null, null);
    }

    [Fact]
    public async Task Create_SameRequest_IsTheSameUpload_AndAnotherIsAConflict()
    {
        await using var parts = new UploadParts(_folder, _time);
        var requestId = Guid.NewGuid();
        var upload = parts.Store.Create(10, Hash, requestId);

        Assert.Same(upload, parts.Store.Create(10, Hash, requestId));
        await AssertRefusedAsync(
            ErrorReason.RequestIdConflict, () => Task.FromResult(parts.Store.Create(11, Hash, requestId)));
        await AssertRefusedAsync(
            ErrorReason.RequestIdConflict, () => Task.FromResult(parts.Store.Create(10, null, requestId)));
    }

    private static async Task AssertRefusedAsync(ErrorReason reason, Func<Task> call) =>
        Assert.Equal(reason, (await Assert.ThrowsAsync<ServiceException>(call)).Reason);

    /// <summary>The journal as another run of the operating system would have begun it.</summary>
    private static void PretendAnotherRun(UploadParts parts, OpenUpload upload)
    {
        var path = parts.Files.JournalOf(upload.Record.UploadId);
        var (journal, records) = UploadJournal.Open(path)!.Value;
        journal.Dispose();
        File.Delete(path);
        using var other = UploadJournal.Create(path, new UploadJournalHeader(upload.Record, "another run"));
        records.ToList().ForEach(other.Append);
    }

    private byte[] Part(int offset, int length) => _video[offset..Math.Min(offset + length, _video.Length)];
}
