using ForegSyte.Jobs.Tests.Fakes;
using ForegSyte.Testing;
using ForegSyte.V1;
using Google.Rpc;
using Grpc.Core;
using Contract = ForegSyte.V1.JobService;

namespace ForegSyte.Jobs.Tests.Grpc;

/// <summary>SubmitVideo with a source_job_id, over a socket.</summary>
public sealed class SourceJobRpcTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Submit_VideoOfAJob_SharesItUntilBothAreDeleted()
    {
        await using var service = await RunningJobService.StartAsync(RunningJobService.NotServing());
        var source = await service.SubmitAsync();
        var request = Request(source.JobId);
        request.PipelineId = "yolo_ocr";

        var job = await SubmitAsync(service, request);

        Assert.Equal((source.VideoSha256, "yolo_ocr"), (job.VideoSha256, job.PipelineId));
        Assert.NotEqual(source.JobId, job.JobId);
        await DeleteAsync(service, source.JobId);
        Assert.Equal(RunningJobService.Video.ToByteArray(), await StoredAsync(service, job.JobId));
        await DeleteAsync(service, job.JobId);
        Assert.Empty(await service.Storage.KeysAsync());
        Assert.Empty(Directory.EnumerateFiles(service.StorageFolder, "*.tmp"));
        Assert.Empty(Directory.EnumerateFiles(Path.Combine(service.StorageFolder, ".shared")));
    }

    [Fact]
    public async Task Submit_VideoOfAJobThatDoesNotExistOrHasNone_IsRefused()
    {
        await using var service = await RunningJobService.StartAsync(RunningJobService.NotServing());
        var source = await service.SubmitAsync();
        await service.Storage.DeleteSharedAsync($"{source.JobId}.mp4", source.VideoSha256, Cancellation);

        var gone = await FailureAsync(service, Request(source.JobId));
        Assert.Equal((StatusCode.FailedPrecondition, "VIDEO_GONE"), (gone.Code, gone.Info.Reason));
        Assert.Equal(source.JobId, gone.Info.Metadata["jobId"]);
        var unknown = Guid.NewGuid().ToString();
        var missing = await FailureAsync(service, Request(unknown));
        Assert.Equal((StatusCode.NotFound, "JOB_NOT_FOUND"), (missing.Code, missing.Info.Reason));
        Assert.Equal(unknown, missing.Info.Metadata["jobId"]);
        var (_, info, status) = await FailureAsync(service, Request("latest"));
        Assert.Equal("INVALID_FIELD", info.Reason);
        Assert.Equal("source_job_id", Assert.Single(status.GetDetail<BadRequest>().FieldViolations).Field);
        Assert.Empty(await service.Storage.KeysAsync());
    }

    [Fact]
    public async Task Submit_RepeatedRequestId_IsTheSameJobEvenWithoutTheSource()
    {
        await using var service = await RunningJobService.StartAsync(RunningJobService.NotServing());
        var source = await service.SubmitAsync();
        var other = await service.SubmitAsync();
        var request = Request(source.JobId, Guid.NewGuid().ToString());
        var job = await SubmitAsync(service, request);
        await DeleteAsync(service, source.JobId);

        Assert.Equal(job.JobId, (await SubmitAsync(service, request)).JobId);
        var (code, info, _) = await FailureAsync(service, Request(other.JobId, request.RequestId));
        Assert.Equal((StatusCode.AlreadyExists, "source"), (code, info.Metadata["fields"]));
    }

    [Fact]
    public async Task Submit_VideoOfAJob_CountsAgainstTheLimitOfPendingJobs()
    {
        await using var service = await RunningJobService.StartAsync(
            RunningJobService.NotServing(), ("Submit:MaxPendingJobs", "1"));
        var source = await service.SubmitAsync();

        var (code, info, _) = await FailureAsync(service, Request(source.JobId));

        Assert.Equal((StatusCode.ResourceExhausted, "QUEUE_FULL"), (code, info.Reason));
        Assert.Equal([$"{source.JobId}.mp4"], await service.Storage.KeysAsync());
    }

    [Fact]
    public async Task Submit_VideoOfAnotherTenantsJob_IsNotFound()
    {
        using var setup = AccessSetup.ApiKeys();
        await using var service = await RunningJobService.StartAsync(
            RunningJobService.NotServing(), [.. setup.Settings]);
        using var own = AccessOutcome.ChannelOf(service.Address, setup.Callers["submit"]);
        using var other = AccessOutcome.ChannelOf(service.Address, setup.Callers["other"]);
        var source = (await new Contract.JobServiceClient(own).SubmitVideoAsync(
            RunningJobService.Request(), cancellationToken: Cancellation)).Job;

        var refusal = await AccessOutcome.RefusalAsync(new Contract.JobServiceClient(other).SubmitVideoAsync(
            Request(source.JobId), cancellationToken: Cancellation));

        Assert.Equal("JOB_NOT_FOUND", refusal.Reason);
    }

    private static SubmitVideoRequest Request(string sourceJobId, string requestId = "") =>
        new() { SourceJobId = sourceJobId, PipelineId = "detect_only", RequestId = requestId };

    private static async Task<Job> SubmitAsync(RunningJobService service, SubmitVideoRequest request) =>
        (await service.Client.SubmitVideoAsync(request, cancellationToken: Cancellation)).Job;

    private static Task<(StatusCode Code, ErrorInfo Info, Google.Rpc.Status Status)> FailureAsync(
        RunningJobService service, SubmitVideoRequest request) => RunningJobService.FailureOfAsync(
            service.Client.SubmitVideoAsync(request, cancellationToken: Cancellation));

    private static async Task DeleteAsync(RunningJobService service, string jobId)
    {
        await service.Client.CancelJobAsync(new CancelJobRequest { JobId = jobId }, cancellationToken: Cancellation);
        await service.Client.DeleteJobAsync(new DeleteJobRequest { JobId = jobId }, cancellationToken: Cancellation);
    }

    private static Task<byte[]> StoredAsync(RunningJobService service, string jobId) =>
        File.ReadAllBytesAsync(Path.Combine(service.StorageFolder, $"{jobId}.mp4"), Cancellation);
}
