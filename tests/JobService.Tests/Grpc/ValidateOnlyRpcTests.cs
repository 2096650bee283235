using ForegSyte.Jobs.Tests.Fakes;
using ForegSyte.Protocol.Checksums;
using ForegSyte.Testing;
using ForegSyte.V1;
using Google.Protobuf;

namespace ForegSyte.Jobs.Tests.Grpc;

/// <summary>SubmitVideo with validate_only, over a socket.</summary>
public sealed class ValidateOnlyRpcTests : IAsyncDisposable
{
    private readonly TemporaryFolder _videos = new();
    private RunningJobService? _service;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask DisposeAsync()
    {
        await (_service?.DisposeAsync() ?? ValueTask.CompletedTask);
        _videos.Dispose();
    }

    [Fact]
    public async Task Validate_ValidRequest_IsTheJobAsItWouldBeAndStoresNothing()
    {
        var service = await StartAsync(("Submit:MaxPendingJobs", "1"));
        var request = RunningJobService.Request(priority: 7, requestId: Guid.NewGuid().ToString());
        (request.DisplayName, request.Options) = ("lobby", new JobOptions { FrameStride = 2 });
        request.Tags.Add("camera", "north");

        var preview = await ValidateAsync(request);
        Assert.Equal(preview, await ValidateAsync(request));

        Assert.Equal(
            new Job
            {
                Status = JobStatus.Pending,
                PipelineId = "detect_only",
                Options = new JobOptions { FrameStride = 2 },
                DisplayName = "lobby",
                Tags = { { "camera", "north" } },
                Priority = 7,
                Progress = new JobProgress(),
            },
            preview);
        Assert.Empty(await service.Storage.KeysAsync());
        Assert.Empty((await service.Client.ListJobsAsync(new ListJobsRequest(), cancellationToken: Cancellation)).Jobs);

        // Neither the slot nor the request_id is in use; afterwards both are.
        request.ValidateOnly = false;
        await service.Client.SubmitVideoAsync(request, cancellationToken: Cancellation);
        await ValidateAsync(request);
        await AssertRefusedAsync(RunningJobService.Request(), "QUEUE_FULL");
        request.Priority = 1;
        await AssertRefusedAsync(request, "REQUEST_ID_CONFLICT");
    }

    [Fact]
    public async Task Validate_InvalidRequest_IsRefusedAsSubmitVideoRefusesIt()
    {
        var file = _videos.File("file.mp4");
        await File.WriteAllBytesAsync(file, RunningJobService.Video.ToByteArray(), Cancellation);
        await File.WriteAllTextAsync(_videos.File("text.mp4"), "This is no video, but a text.", Cancellation);
        await StartAsync(("Submit:AllowedRoots:0", _videos.Path), ("Sources:AllowedHosts:0", "videos.test"));

        await AssertRefusedAsync(With(request => request.Content = ByteString.CopyFromUtf8("no video")), "NOT_AN_MP4");
        await AssertRefusedAsync(With(request => request.PipelineId = "absent"), "UNKNOWN_PIPELINE");
        await AssertRefusedAsync(With(request => request.Tags.Add("A", "")), "INVALID_FIELD");
        await AssertRefusedAsync(With(request => request.Uri = UriOf("absent.mp4")), "SOURCE_NOT_FOUND");
        await AssertRefusedAsync(With(request => request.Uri = UriOf("text.mp4")), "NOT_AN_MP4");
        await AssertRefusedAsync(With(request => request.Uri = "file:///etc/passwd"), "SOURCE_NOT_ALLOWED");
        await AssertRefusedAsync(With(request => request.Uri = "https://other.test/a.mp4"), "SOURCE_NOT_ALLOWED");
        await AssertRefusedAsync(With(request => request.Uri = "ftp://videos.test/a.mp4"), "UNSUPPORTED_URI");
        var unknown = Guid.NewGuid().ToString();
        await AssertRefusedAsync(With(request => request.UploadId = unknown), "UPLOAD_NOT_FOUND");
        await AssertRefusedAsync(With(request => request.SourceJobId = unknown), "JOB_NOT_FOUND");

        await ValidateAsync(With(request => request.Uri = UriOf("file.mp4")));
        await ValidateAsync(With(request => request.Uri = "https://videos.test/a.mp4"));
    }

    [Fact]
    public async Task Validate_Upload_LeavesIt()
    {
        var service = await StartAsync();
        var video = RunningJobService.Video;
        var upload = (await service.Uploads.CreateUploadAsync(
            new CreateUploadRequest { SizeBytes = video.Length }, cancellationToken: Cancellation)).Upload;
        var request = With(request => request.UploadId = upload.UploadId);
        await AssertRefusedAsync(request, "UPLOAD_INCOMPLETE");
        await service.Uploads.UploadPartAsync(
            new UploadPartRequest { UploadId = upload.UploadId, Data = video, Crc32C = Crc32C.Of(video.Span) },
            cancellationToken: Cancellation);

        await ValidateAsync(request);

        request.ValidateOnly = false;
        var job = (await service.Client.SubmitVideoAsync(request, cancellationToken: Cancellation)).Job;
        await ValidateAsync(With(again => again.SourceJobId = job.JobId));
        Assert.Equal([$"{job.JobId}.mp4"], await service.Storage.KeysAsync());
    }

    private async Task<RunningJobService> StartAsync(params (string, string)[] settings) =>
        _service = await RunningJobService.StartAsync(RunningJobService.NotServing(), settings);

    private string UriOf(string name) => new Uri(_videos.File(name)).AbsoluteUri;

    private static SubmitVideoRequest With(Action<SubmitVideoRequest> change)
    {
        var request = RunningJobService.Request();
        change(request);
        return request;
    }

    private async Task<Job> ValidateAsync(SubmitVideoRequest request) => (await _service!.Client.SubmitVideoAsync(
        new SubmitVideoRequest(request) { ValidateOnly = true }, cancellationToken: Cancellation)).Job;

    private async Task AssertRefusedAsync(SubmitVideoRequest request, string reason)
    {
        var (_, info, _) = await RunningJobService.FailureOfAsync(_service!.Client.SubmitVideoAsync(
            new SubmitVideoRequest(request) { ValidateOnly = true }, cancellationToken: Cancellation));
        Assert.Equal(reason, info.Reason);
    }
}
