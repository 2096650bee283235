using ForegSyte.Hosting.Errors;
using ForegSyte.Jobs.Storage;
using ForegSyte.Jobs.Submission;
using ForegSyte.Jobs.Tests.Fakes;
using ForegSyte.Jobs.Tests.Fetching;
using ForegSyte.Jobs.Tests.Storage;
using ForegSyte.Jobs.Tests.Tenants;
using ForegSyte.Jobs.Tests.Uploads;
using ForegSyte.Testing;
using ForegSyte.V1;
using Google.Protobuf;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;

namespace ForegSyte.Jobs.Tests.Submission;

/// <summary>Other submissions cannot use the room of a video while it is written, however it arrives.</summary>
public sealed class RoomTests : IDisposable
{
    private const long Free = 1L << 30;

    private readonly TemporaryFolder _folder = new();
    private readonly InMemoryStorage _storage = new() { Room = new DiskRoom(() => Free, minFreeBytes: 1) };
    private readonly VideoChecks _checks = new(Options.Create(new SubmitOptions()));
    private readonly byte[] _video = File.ReadAllBytes(RepositoryFiles.Pedestrians);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public Task Stage_Inline_ReservesItsBytes() =>
        AssertReservesAsync(new InlineSource(ByteString.CopyFrom(_video), _storage, _checks));

    [Fact]
    public Task Stage_File_ReservesItsBytes()
    {
        var roots = new AllowedRoots(Options.Create(new SubmitOptions { AllowedRoots = { _folder.Path } }));
        File.WriteAllBytes(_folder.File("a.mp4"), _video);
        var uri = $"file://{_folder.File("a.mp4")}";
        return AssertReservesAsync(new FileSource(uri, roots.Open(uri), _storage, _checks));
    }

    [Fact]
    public async Task Stage_CopyOfAJob_ReservesItsBytes()
    {
        var job = TestJobs.Pending();
        await using (var staged = await _storage.StageAsync(job.InputPath, Cancellation))
        {
            await staged.Stream.WriteAsync(_video, Cancellation);
            await staged.CommitAsync(Cancellation);
        }

        await AssertReservesAsync(new JobSource(job.JobId, job, _storage));
    }

    [Fact]
    public async Task Stage_CopyOfAnUpload_ReservesItsBytes()
    {
        await using var uploads = new UploadHarness(_folder, new FakeTimeProvider(TestJobs.Noon));
        var upload = uploads.Store.Create(_video.Length, sha256: null, requestId: null);
        await uploads.WriteAsync(upload, 0, _video);

        await AssertReservesAsync(
            new UploadSource(upload.Record.UploadId, await uploads.CompleteAsync(upload), _storage, _checks));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Stage_RemoteVideo_ReservesTheBytesThatItWrites(bool hasLength)
    {
        await using var harness = new FetchHarness();
        await using var server = await harness.ServeAsync(hasLength
            ? VideoServer.File(_video)
            : async context => await context.Response.Body.WriteAsync(_video));
        var uri = $"https://videos.example:{server.Port}/a.mp4";

        await AssertReservesAsync(
            new RemoteSource(uri, harness.Fetcher.Locate(uri), "", harness.Fetcher, _storage, _checks));
    }

    private async Task AssertReservesAsync(IVideoSource source)
    {
        await using var disposed = source;
        await source.CheckAsync(Cancellation);
        var writes = 0;
        _storage.OnWrite = () =>
        {
            writes++;
            var refusal = Assert.Throws<ServiceException>(() => _storage.ReserveRoom(Free - 1));
            Assert.Equal(ErrorReason.StorageFull, refusal.Reason);
        };

        await using (await source.StageAsync("target.mp4", TestSpace.Unlimited(_storage), Cancellation))
        {
            Assert.InRange(writes, 1, int.MaxValue);
            _storage.ReserveRoom(Free - 1).Dispose();
        }
    }
}
