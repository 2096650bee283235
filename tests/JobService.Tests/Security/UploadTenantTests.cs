using ForegSyte.Jobs.Tests.Grpc;
using ForegSyte.Protocol.Checksums;
using ForegSyte.Testing;
using ForegSyte.V1;
using Google.Rpc;
using Grpc.Core;
using Grpc.Net.Client;
using Contract = ForegSyte.V1.JobService;

namespace ForegSyte.Jobs.Tests.Security;

/// <summary>Isolation of the uploads of two tenants.</summary>
public sealed class UploadTenantTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    [Reaches(ErrorReason.UploadNotFound)]
    public async Task Upload_OfAnotherTenant_IsNotFound_AndAnAdminSeesIt()
    {
        using var setup = AccessSetup.ApiKeys();
        await using var service = await StartAsync(setup);
        using var own = AccessOutcome.ChannelOf(service.Address, setup.Callers["submit"]);
        using var other = AccessOutcome.ChannelOf(service.Address, setup.Callers["other"]);
        using var admin = AccessOutcome.ChannelOf(service.Address, setup.Callers["admin"]);
        var id = (await CreateAsync(own, RunningJobService.Video.Length)).UploadId;
        await SendAsync(own, id);

        var refusals = new[]
        {
            await AccessOutcome.RefusalAsync(GetCall(other, id)),
            await AccessOutcome.RefusalAsync(Uploads(other).UploadPartAsync(
                RpcCalls.Part(id), cancellationToken: Cancellation)),
            await AccessOutcome.RefusalAsync(SubmitCall(other, id)),
            await AccessOutcome.RefusalAsync(Uploads(other).AbortUploadAsync(
                new AbortUploadRequest { UploadId = id }, cancellationToken: Cancellation)),
        };

        Assert.All(refusals, refusal => Assert.Equal(
            ("UPLOAD_NOT_FOUND", id), (refusal.Reason, refusal.Metadata["uploadId"])));
        Assert.Equal(RunningJobService.Video.Length, (await GetCall(admin, id)).Upload.ReceivedBytes);
        var job = (await SubmitCall(own, id)).Job;
        Assert.Equal(AccessSetup.Owner, job.Tenant);
    }

    [Fact]
    public async Task Upload_OfAnotherTenant_HasTheErrorOfAMissingOne()
    {
        using var setup = AccessSetup.ApiKeys();
        await using var service = await StartAsync(setup);
        using var own = AccessOutcome.ChannelOf(service.Address, setup.Callers["submit"]);
        using var other = AccessOutcome.ChannelOf(service.Address, setup.Callers["other"]);
        var (id, none) = ((await CreateAsync(own, 10)).UploadId, Guid.NewGuid().ToString());

        var hidden = await Refusal.OfAsync(GetCall(other, id));
        var missing = await Refusal.OfAsync(GetCall(other, none));

        Assert.Equal(missing.Status.Code, hidden.Status.Code);
        Assert.Equal(missing.Message, hidden.Message.Replace(id, none, StringComparison.Ordinal));
        Assert.Equal(
            missing.Info.ToString(), hidden.Info.ToString().Replace(id, none, StringComparison.Ordinal));
        Assert.Equal(
            missing.Status.GetDetail<ResourceInfo>().ToString(),
            hidden.Status.GetDetail<ResourceInfo>().ToString().Replace(id, none, StringComparison.Ordinal));
    }

    [Fact]
    public async Task RequestId_OfTwoTenants_IsTwoUploads()
    {
        using var setup = AccessSetup.ApiKeys();
        await using var service = await StartAsync(setup);
        using var own = AccessOutcome.ChannelOf(service.Address, setup.Callers["submit"]);
        using var other = AccessOutcome.ChannelOf(service.Address, setup.Callers["other"]);
        var requestId = Guid.NewGuid().ToString();

        var mine = await CreateAsync(own, 10, requestId);
        var theirs = await CreateAsync(other, 20, requestId);

        Assert.NotEqual(mine.UploadId, theirs.UploadId);
        Assert.Equal(mine.UploadId, (await CreateAsync(own, 10, requestId)).UploadId);
        Assert.Equal(theirs.UploadId, (await CreateAsync(other, 20, requestId)).UploadId);
        var conflict = await AccessOutcome.RefusalAsync(Uploads(own).CreateUploadAsync(
            new CreateUploadRequest { SizeBytes = 20, RequestId = requestId }, cancellationToken: Cancellation));
        Assert.Equal(
            ("REQUEST_ID_CONFLICT", mine.UploadId), (conflict.Reason, conflict.Metadata["uploadId"]));
    }

    private static async Task<Upload> CreateAsync(GrpcChannel channel, long sizeBytes, string requestId = "") =>
        (await Uploads(channel).CreateUploadAsync(
            new CreateUploadRequest { SizeBytes = sizeBytes, RequestId = requestId },
            cancellationToken: Cancellation)).Upload;

    private static async Task SendAsync(GrpcChannel channel, string uploadId)
    {
        var video = RunningJobService.Video;
        await Uploads(channel).UploadPartAsync(
            new UploadPartRequest { UploadId = uploadId, Data = video, Crc32C = Crc32C.Of(video.Span) },
            cancellationToken: Cancellation);
    }

    private static AsyncUnaryCall<GetUploadResponse> GetCall(GrpcChannel channel, string uploadId) =>
        Uploads(channel).GetUploadAsync(new GetUploadRequest { UploadId = uploadId }, cancellationToken: Cancellation);

    private static AsyncUnaryCall<SubmitVideoResponse> SubmitCall(GrpcChannel channel, string uploadId) =>
        new Contract.JobServiceClient(channel).SubmitVideoAsync(
            new SubmitVideoRequest { UploadId = uploadId, PipelineId = "detect_only" },
            cancellationToken: Cancellation);

    private static UploadService.UploadServiceClient Uploads(GrpcChannel channel) => new(channel);

    private static Task<RunningJobService> StartAsync(AccessSetup setup) =>
        RunningJobService.StartAsync(RunningJobService.NotServing(), [.. setup.Settings]);
}
