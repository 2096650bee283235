using System.Security.Cryptography;
using ForegSyte.Hosting.Errors;
using ForegSyte.Jobs.Tests.Storage;
using ForegSyte.Jobs.Uploads;
using ForegSyte.Testing;
using ForegSyte.V1;
using Microsoft.Extensions.Time.Testing;

namespace ForegSyte.Jobs.Tests.Uploads;

/// <summary>Calls about the same bytes of an upload: one holds a reservation while another arrives.</summary>
public sealed class PartReservationTests : IDisposable
{
    private static readonly TimeSpan Timeout = TimeSpan.FromMinutes(1);

    private readonly TemporaryFolder _folder = new();
    private readonly FakeTimeProvider _time = new(TestJobs.Noon);
    private readonly byte[] _video = RandomNumberGenerator.GetBytes(1000);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Write_OverlappingAHeldPartWithOtherBytes_WaitsAndIsRefused()
    {
        await using var uploads = new UploadHarness(_folder, _time);
        var upload = uploads.Store.Create(_video.Length, null, null);
        var first = await ReserveAsync(uploads, upload, new Extent(0, 600));
        var other = _video[500..];
        other[50] ^= 1;

        var second = uploads.WriteAsync(upload, 500, other);
        await RandomAccess.WriteAsync(upload.Data, _video.AsMemory(0, 600), 0, Cancellation);
        upload.Add([new UploadPartRecord(new Extent(0, 600), 0, _time.GetUtcNow())]);
        first.Dispose();

        await AssertRefusedAsync(ErrorReason.InvalidField, second);
        await uploads.WriteAsync(upload, 500, _video[500..]);
        Assert.Equal(_video, await File.ReadAllBytesAsync(
            uploads.Files.DataOf(upload.Record.UploadId), Cancellation));
    }

    [Fact]
    public async Task Write_OverlappingAHeldPartThatFails_WritesAllBytes()
    {
        await using var uploads = new UploadHarness(_folder, _time);
        var upload = uploads.Store.Create(_video.Length, null, null);
        var failing = await ReserveAsync(uploads, upload, new Extent(0, 600));

        var second = uploads.WriteAsync(upload, 0, _video);
        Assert.Empty(upload.StatusOf(uploads.Limits).Extents);
        failing.Dispose();
        await second.WaitAsync(Timeout, Cancellation);

        Assert.Equal([new Extent(0, _video.Length)], upload.StatusOf(uploads.Limits).Extents);
        using var completion = await uploads.CompleteAsync(upload);
        Assert.Equal(
            Convert.ToHexStringLower(SHA256.HashData(_video)), await completion.HashAsync(Cancellation));
    }

    [Fact]
    public async Task Reserve_OtherBytesThanAHeldPart_DoesNotWait()
    {
        await using var uploads = new UploadHarness(_folder, _time);
        var upload = uploads.Store.Create(_video.Length, null, null);
        using var first = await ReserveAsync(uploads, upload, new Extent(0, 500));

        await uploads.WriteAsync(upload, 500, _video[500..]).WaitAsync(Timeout, Cancellation);

        Assert.Equal([new Extent(500, _video.Length)], upload.StatusOf(uploads.Limits).Extents);
    }

    [Fact]
    public async Task Add_AfterTheUploadWasAborted_IsNotFoundAndLeavesNoFile()
    {
        await using var uploads = new UploadHarness(_folder, _time);
        var upload = uploads.Store.Create(_video.Length, null, null);
        using var held = await ReserveAsync(uploads, upload, new Extent(0, 500));

        await uploads.Store.AbortAsync(upload.Record.UploadId, null, Cancellation);

        var late = Assert.Throws<ServiceException>(
            () => upload.Add([new UploadPartRecord(new Extent(0, 500), 0, _time.GetUtcNow())]));
        Assert.Equal(ErrorReason.UploadNotFound, late.Reason);
        Assert.Empty(Directory.GetFiles(uploads.Folder));
    }

    [Fact]
    public async Task Limits_CountHeldParts()
    {
        await using var uploads = new UploadHarness(_folder, _time, new UploadOptions { MaxRanges = 2 });
        var upload = uploads.Store.Create(_video.Length, null, null);
        var first = await ReserveAsync(uploads, upload, new Extent(0, 10));
        using var second = await ReserveAsync(uploads, upload, new Extent(20, 30));

        await AssertRefusedAsync(ErrorReason.InvalidField, uploads.WriteAsync(upload, 40, _video[40..50]));
        first.Dispose();

        await uploads.WriteAsync(upload, 40, _video[40..50]);
    }

    private static Task<PartReservation> ReserveAsync(UploadHarness uploads, OpenUpload upload, Extent part) =>
        upload.ReserveAsync(part, uploads.Limits, Cancellation).WaitAsync(Timeout, Cancellation);

    private static async Task AssertRefusedAsync(ErrorReason reason, Task call)
    {
        var refused = await Assert.ThrowsAsync<ServiceException>(() => call.WaitAsync(Timeout, Cancellation));
        Assert.Equal(reason, refused.Reason);
    }
}
