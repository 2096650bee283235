using System.Security.Cryptography;
using ForegSyte.Jobs.Uploads;
using ForegSyte.Protocol.Checksums;
using ForegSyte.Testing;
using ForegSyte.V1;
using Google.Protobuf;
using Google.Rpc;
using Grpc.Core;
using Microsoft.Extensions.DependencyInjection;

namespace ForegSyte.Jobs.Tests.Grpc;

/// <summary>UploadService, and SubmitVideo with an upload_id, over a socket.</summary>
public sealed class UploadRpcTests : IAsyncLifetime
{
    private const int PartBytes = 60_000;

    private RunningJobService _service = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private static ByteString Video => RunningJobService.Video;

    private static string VideoHash => Convert.ToHexStringLower(SHA256.HashData(Video.Span));

    private string UploadFolder => Path.Combine(_service.StorageFolder, ".uploads");

    private string SharedFolder => Path.Combine(_service.StorageFolder, ".shared");

    public async ValueTask InitializeAsync() =>
        _service = await RunningJobService.StartAsync(
            RunningJobService.NotServing(), ("Upload:MaxPartBytes", "65536"), ("Upload:MaxOpenUploads", "3"));

    public ValueTask DisposeAsync() => _service.DisposeAsync();

    [Fact]
    public async Task Upload_ConcurrentPartsThenSubmit_IsAJobAndLeavesNoUpload()
    {
        var upload = await CreateAsync(VideoHash.ToUpperInvariant());
        Assert.Equal((VideoHash, 65536, 0L), (upload.Sha256, upload.MaxPartBytes, upload.ReceivedBytes));
        Assert.Equal(TimeSpan.FromHours(1), upload.ExpiresAt.ToDateTimeOffset() - upload.CreatedAt.ToDateTimeOffset());
        var offsets = Enumerable.Range(0, (Video.Length / PartBytes) + 1).Select(i => (long)i * PartBytes).ToArray();
        new Random(1).Shuffle(offsets);
        await Task.WhenAll(offsets.Select(offset => SendAsync(upload, offset)));
        var received = await GetAsync(upload);
        Assert.Equal([new ByteRange { Start = 0, End = Video.Length }], received.Ranges);
        var kept = received.ExpiresAt.ToDateTimeOffset() - received.CreatedAt.ToDateTimeOffset();
        Assert.InRange(kept, TimeSpan.FromDays(7), TimeSpan.FromDays(8));

        var job = await SubmitAsync(upload);

        Assert.Equal(VideoHash, job.VideoSha256);
        Assert.Equal(Video, await StoredAsync(job));
        Assert.Empty(Directory.GetFiles(UploadFolder));
        await AssertFailsAsync(StatusCode.NotFound, "UPLOAD_NOT_FOUND", GetCall(upload));
        await AssertFailsAsync(StatusCode.NotFound, "UPLOAD_NOT_FOUND", SubmitCall(upload));
    }

    [Fact]
    public async Task Submit_RepeatedRequestId_IsTheSameJobWithoutTheUpload()
    {
        var upload = await CreateAndSendAsync();
        var requestId = Guid.NewGuid().ToString();
        var job = await SubmitAsync(upload, requestId);

        Assert.Equal(job.JobId, (await SubmitAsync(upload, requestId)).JobId);
        Assert.Equal(job.JobId, (await SubmitAsync(await CreateAndSendAsync(), requestId)).JobId);
        Assert.Equal(job.JobId, (await _service.SubmitAsync(requestId: requestId)).JobId);
        Assert.Empty(Directory.GetFiles(UploadFolder));
        var other = await CreateAsync();
        var (code, info, _) = await RunningJobService.FailureOfAsync(
            SubmitCall(new Upload { UploadId = Guid.NewGuid().ToString() }, requestId));
        Assert.Equal((StatusCode.AlreadyExists, "REQUEST_ID_CONFLICT", "source"),
            (code, info.Reason, info.Metadata["fields"]));
        await AbortAsync(other);
    }

    [Fact]
    public async Task Submit_TheSameVideoThreeTimes_IsStoredOnceUntilTheLastIsDeleted()
    {
        var jobs = new[]
        {
            await SubmitAsync(await CreateAndSendAsync()),
            await _service.SubmitAsync(),
            await SubmitAsync(await CreateAndSendAsync()),
        };
        Assert.All(jobs, job => Assert.Equal(VideoHash, job.VideoSha256));
        Assert.Equal(VideoHash, Path.GetFileName(Assert.Single(Directory.GetFiles(SharedFolder))));

        foreach (var job in jobs)
        {
            Assert.Single(Directory.GetFiles(SharedFolder));
            await _service.Client.CancelJobAsync(
                new CancelJobRequest { JobId = job.JobId }, cancellationToken: Cancellation);
            await _service.Client.DeleteJobAsync(
                new DeleteJobRequest { JobId = job.JobId }, cancellationToken: Cancellation);
            foreach (var left in jobs.Where(left => File.Exists(PathOf(left))))
            {
                Assert.Equal(Video, await StoredAsync(left));
            }
        }

        Assert.Empty(Directory.GetFiles(SharedFolder));
    }

    [Fact]
    public async Task Submit_NotAnMp4_IsRefusedAndKeepsTheUpload()
    {
        var bytes = ByteString.CopyFrom(new byte[100]);
        var create = new CreateUploadRequest { SizeBytes = bytes.Length };
        var upload = (await _service.Uploads.CreateUploadAsync(create, cancellationToken: Cancellation)).Upload;
        await SendAsync(upload, 0, bytes);
        var before = await GetAsync(upload);

        await AssertFailsAsync(StatusCode.InvalidArgument, "NOT_AN_MP4", SubmitCall(upload));

        Assert.Equal(before, await GetAsync(upload));
        await AbortAsync(upload);
        Assert.Empty(Directory.GetFiles(UploadFolder));
        Assert.Empty(Directory.GetFiles(SharedFolder));
    }

    [Fact]
    [Reaches(ErrorReason.UploadIncomplete)]
    public async Task Submit_MissingBytes_NamesTheFirst()
    {
        var upload = await CreateAsync();
        await SendAsync(upload, 0);

        var (code, info, _) = await RunningJobService.FailureOfAsync(SubmitCall(upload));

        Assert.Equal((StatusCode.FailedPrecondition, "UPLOAD_INCOMPLETE"), (code, info.Reason));
        Assert.Equal($"{PartBytes}", info.Metadata["missingStart"]);
    }

    [Fact]
    [Reaches(ErrorReason.UploadContentMismatch)]
    public async Task Submit_OtherHashThanAnnounced_IsRefused()
    {
        var upload = await CreateAndSendAsync(new string('0', 64));

        var (code, info, _) = await RunningJobService.FailureOfAsync(SubmitCall(upload));

        Assert.Equal((StatusCode.FailedPrecondition, "UPLOAD_CONTENT_MISMATCH"), (code, info.Reason));
        Assert.Equal(VideoHash, info.Metadata["actualSha256"]);
        Assert.Equal(Video.Length, (await GetAsync(upload)).ReceivedBytes);
    }

    [Fact]
    [Reaches(ErrorReason.TooManyUploads)]
    public async Task Create_InvalidRequests_AreRefused()
    {
        await AssertCreateFailsAsync("EMPTY_VIDEO", new CreateUploadRequest());
        await AssertCreateFailsAsync("INVALID_FIELD", new CreateUploadRequest { SizeBytes = -1 });
        await AssertCreateFailsAsync("INVALID_FIELD", new CreateUploadRequest { SizeBytes = 1, Sha256 = "abc" });
        await AssertCreateFailsAsync("INVALID_FIELD", new CreateUploadRequest { SizeBytes = 1, RequestId = "abc" });
        await AssertCreateFailsAsync("VIDEO_LIMIT_EXCEEDED", new CreateUploadRequest { SizeBytes = 1L << 60 });
        var requestId = Guid.NewGuid().ToString();
        var first = await CreateAsync(requestId: requestId);
        Assert.Equal(first.UploadId, (await CreateAsync(requestId: requestId)).UploadId);
        await AssertCreateFailsAsync(
            "REQUEST_ID_CONFLICT", new CreateUploadRequest { SizeBytes = 7, RequestId = requestId });
        await CreateAsync();
        await CreateAsync();
        var info = await AssertCreateFailsAsync("TOO_MANY_UPLOADS", new CreateUploadRequest { SizeBytes = 7 });
        Assert.Equal(("Upload:MaxOpenUploads", "3"), (info["option"], info["limit"]));
    }

    [Fact]
    [Reaches(ErrorReason.PartChecksumMismatch)]
    public async Task Part_InvalidRequests_AreRefusedAndStoreNothing()
    {
        var upload = await CreateAsync();
        var part = PartOf(upload, 0);
        var mismatch = await AssertPartFailsAsync(
            "PART_CHECKSUM_MISMATCH", part, changed => changed.Crc32C ^= 1);
        Assert.Equal(($"{part.Crc32C ^ 1}", $"{part.Crc32C}"), (mismatch["value"], mismatch["actual"]));
        await AssertPartFailsAsync("MISSING_FIELD", part, changed => changed.ClearCrc32C());
        await AssertPartFailsAsync("MISSING_FIELD", part, changed => changed.Data = ByteString.Empty);
        await AssertPartFailsAsync("MISSING_FIELD", part, changed => changed.UploadId = "");
        await AssertPartFailsAsync("INVALID_FIELD", part, changed => changed.UploadId = "x");
        await AssertPartFailsAsync("UPLOAD_NOT_FOUND", part, changed => changed.UploadId = Guid.NewGuid().ToString());
        await AssertPartFailsAsync("INVALID_FIELD", part, changed => changed.Offset = -1);
        await AssertPartFailsAsync("INVALID_FIELD", part, changed => changed.Offset = long.MaxValue);
        await AssertPartFailsAsync(
            "INVALID_FIELD", part, changed => changed.Offset = Video.Length - part.Data.Length + 1);
        var tooLarge = await AssertPartFailsAsync("INVALID_FIELD", part, changed => SetData(changed, 65_537));
        Assert.Equal(("Upload:MaxPartBytes", "65536"), (tooLarge["option"], tooLarge["limit"]));
        await AssertPartFailsAsync("MESSAGE_TOO_LARGE", part, changed => SetData(changed, 70_000));

        Assert.Empty((await GetAsync(upload)).Ranges);
    }

    [Fact]
    public async Task Part_WithoutAChecksum_IsAcceptedIfTheUploadHasAHash()
    {
        var upload = await CreateAsync(VideoHash);
        var part = PartOf(upload, 0);
        await AssertPartFailsAsync("PART_CHECKSUM_MISMATCH", part, changed => changed.Crc32C ^= 1);
        part.ClearCrc32C();

        var answer = await _service.Uploads.UploadPartAsync(part, cancellationToken: Cancellation);

        Assert.Equal(part.Data.Length, answer.ReceivedBytes);
    }

    [Fact]
    [Reaches(ErrorReason.UploadBusy)]
    public async Task Upload_DuringItsCompletion_IsBusy()
    {
        var upload = await CreateAndSendAsync();
        var store = _service.Services.GetRequiredService<UploadStore>();
        using (await store.TryBeginCompletionAsync(Guid.Parse(upload.UploadId), visibleTenant: null, Cancellation))
        {
            await AssertFailsAsync(StatusCode.Aborted, "UPLOAD_BUSY", SubmitCall(upload));
            await AssertPartFailsAsync("UPLOAD_BUSY", PartOf(upload, 0), _ => { });
            await AssertFailsAsync(
                StatusCode.Aborted, "UPLOAD_BUSY",
                _service.Uploads.AbortUploadAsync(
                    new AbortUploadRequest { UploadId = upload.UploadId }, cancellationToken: Cancellation));
        }

        Assert.Equal(VideoHash, (await SubmitAsync(upload)).VideoSha256);
    }

    [Fact]
    [Reaches(ErrorReason.UploadNotFound)]
    public async Task Abort_RemovesTheUploadOnce()
    {
        var upload = await CreateAsync();
        await SendAsync(upload, 0);

        await AbortAsync(upload);

        Assert.Empty(Directory.GetFiles(UploadFolder));
        await AssertFailsAsync(
            StatusCode.NotFound, "UPLOAD_NOT_FOUND",
            _service.Uploads.AbortUploadAsync(
                new AbortUploadRequest { UploadId = upload.UploadId }, cancellationToken: Cancellation));
    }

    private static async Task AssertFailsAsync<T>(StatusCode code, string reason, AsyncUnaryCall<T> call)
    {
        var (actualCode, info, status) = await RunningJobService.FailureOfAsync(call);
        Assert.Equal((code, reason), (actualCode, info.Reason));
        Assert.Single(status.Details, detail => detail.Is(ErrorInfo.Descriptor));
    }

    private static UploadPartRequest PartOf(Upload upload, long offset, ByteString? data = null)
    {
        data ??= ByteString.CopyFrom(
            Video.Span[(int)offset..Math.Min(Video.Length, (int)offset + PartBytes)]);
        return new UploadPartRequest
        {
            UploadId = upload.UploadId,
            Offset = offset,
            Data = data,
            Crc32C = Crc32C.Of(data.Span),
        };
    }

    private static void SetData(UploadPartRequest part, int bytes)
    {
        part.Data = ByteString.CopyFrom(Video.Span[..bytes]);
        part.Crc32C = Crc32C.Of(part.Data.Span);
    }

    private async Task<IDictionary<string, string>> AssertCreateFailsAsync(string reason, CreateUploadRequest request)
    {
        var (_, info, _) = await RunningJobService.FailureOfAsync(_service.Uploads.CreateUploadAsync(request));
        Assert.Equal(reason, info.Reason);
        return info.Metadata;
    }

    private async Task<IDictionary<string, string>> AssertPartFailsAsync(
        string reason, UploadPartRequest part, Action<UploadPartRequest> change)
    {
        var changed = part.Clone();
        change(changed);
        var (_, info, _) = await RunningJobService.FailureOfAsync(_service.Uploads.UploadPartAsync(changed));
        Assert.Equal(reason, info.Reason);
        return info.Metadata;
    }

    private async Task<Upload> CreateAsync(string sha256 = "", string requestId = "")
    {
        var request = new CreateUploadRequest { SizeBytes = Video.Length, Sha256 = sha256, RequestId = requestId };
        return (await _service.Uploads.CreateUploadAsync(request, cancellationToken: Cancellation)).Upload;
    }

    private async Task<Upload> CreateAndSendAsync(string sha256 = "")
    {
        var upload = await CreateAsync(sha256);
        for (var offset = 0; offset < Video.Length; offset += PartBytes)
        {
            await SendAsync(upload, offset);
        }

        return upload;
    }

    private async Task SendAsync(Upload upload, long offset, ByteString? data = null) =>
        await _service.Uploads.UploadPartAsync(PartOf(upload, offset, data), cancellationToken: Cancellation);

    private AsyncUnaryCall<GetUploadResponse> GetCall(Upload upload) =>
        _service.Uploads.GetUploadAsync(new GetUploadRequest { UploadId = upload.UploadId });

    private async Task<Upload> GetAsync(Upload upload) => (await GetCall(upload)).Upload;

    private async Task AbortAsync(Upload upload) =>
        await _service.Uploads.AbortUploadAsync(
            new AbortUploadRequest { UploadId = upload.UploadId }, cancellationToken: Cancellation);

    private AsyncUnaryCall<SubmitVideoResponse> SubmitCall(Upload upload, string requestId = "") =>
        _service.Client.SubmitVideoAsync(
            new SubmitVideoRequest { UploadId = upload.UploadId, PipelineId = "detect_only", RequestId = requestId });

    private async Task<Job> SubmitAsync(Upload upload, string requestId = "") =>
        (await SubmitCall(upload, requestId)).Job;

    private string PathOf(Job job) => Path.Combine(_service.StorageFolder, $"{job.JobId}.mp4");

    private async Task<ByteString> StoredAsync(Job job) =>
        ByteString.CopyFrom(await File.ReadAllBytesAsync(PathOf(job), Cancellation));
}
