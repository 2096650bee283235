using System.Globalization;
using ForegSyte.Jobs.Tests.Fakes;
using ForegSyte.Jobs.Tests.Grpc;
using ForegSyte.Protocol.Checksums;
using ForegSyte.Testing;
using ForegSyte.V1;
using Google.Rpc;
using Grpc.Core;
using Grpc.Net.Client;
using Contract = ForegSyte.V1.JobService;

namespace ForegSyte.Jobs.Tests.Tenants;

/// <summary>One tenant that asks for all space or all uploads, and another one that must not notice, over a socket.
/// </summary>
public sealed class TenantSpaceRpcTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task CreateUpload_OfAllFreeSpaceWithoutAByte_LeavesOtherTenantsTheSpace()
    {
        using var setup = AccessSetup.ApiKeys();
        await using var service = await StartAsync(setup, ("Submit:MaxVideoBytes", Text(1L << 50)));
        using var hostile = AccessOutcome.ChannelOf(service.Address, setup.Callers["submit"]);
        using var honest = AccessOutcome.ChannelOf(service.Address, setup.Callers["other"]);
        await TryAsync(CreateUploadAsync(hostile, service.Storage.FreeBytes()!.Value - (1L << 30)));

        var upload = await CreateUploadAsync(honest, 2L << 30);

        Assert.Equal(2L << 30, upload.SizeBytes);
    }

    [Fact]
    public async Task CreateUpload_UntilOneTenantHasNoMore_LeavesOtherTenantsSome()
    {
        using var setup = AccessSetup.ApiKeys();
        await using var service = await StartAsync(setup, ("Upload:MaxOpenUploads", "4"));
        using var hostile = AccessOutcome.ChannelOf(service.Address, setup.Callers["submit"]);
        using var honest = AccessOutcome.ChannelOf(service.Address, setup.Callers["other"]);
        for (var number = 0; number < 4; number++)
        {
            await TryAsync(CreateUploadAsync(hostile, 1));
        }

        var upload = await CreateUploadAsync(honest, 1);

        Assert.Equal(1, upload.SizeBytes);
    }

    [Fact]
    public async Task MaxOpenUploads_OfATenant_IsRefusedWithItsQuotaUntilOneIsAborted()
    {
        using var setup = AccessSetup.ApiKeys();
        await using var service = await StartAsync(setup, ("Tenants:PerTenant:a:MaxOpenUploads", "1"));
        using var own = AccessOutcome.ChannelOf(service.Address, setup.Callers["submit"]);
        var upload = await CreateUploadAsync(own, 1);

        var refusal = (await TryAsync(CreateUploadAsync(own, 1)))!;

        AssertQuota("Tenants:PerTenant:a:MaxOpenUploads", 1, refusal);
        await new UploadService.UploadServiceClient(own).AbortUploadAsync(
            new AbortUploadRequest { UploadId = upload.UploadId }, cancellationToken: Cancellation);
        await CreateUploadAsync(own, 1);
    }

    [Fact]
    public async Task MaxVideoBytes_OfATenant_HoldsForEveryWayOfAVideoUntilItsJobIsDeleted()
    {
        using var setup = AccessSetup.ApiKeys();
        using var videos = new TemporaryFolder();
        var limit = (2L * RunningJobService.Video.Length) - 1;
        File.Copy(RepositoryFiles.Pedestrians, videos.File("a.mp4"));
        await using var service = await StartAsync(
            setup, ("Tenants:MaxVideoBytes", Text(limit)), ("Submit:AllowedRoots:0", videos.Path));
        using var own = AccessOutcome.ChannelOf(service.Address, setup.Callers["submit"]);
        using var other = AccessOutcome.ChannelOf(service.Address, setup.Callers["other"]);
        var jobs = new Contract.JobServiceClient(own);
        var job = await SubmitAsync(own, request => request.Content = RunningJobService.Video);

        AssertQuota("Tenants:MaxVideoBytes", limit, await RefusalAsync(
            own, request => request.Content = RunningJobService.Video));
        AssertQuota("Tenants:MaxVideoBytes", limit, await RefusalAsync(
            own, request => request.Uri = $"file://{videos.File("a.mp4")}"));
        AssertQuota("Tenants:MaxVideoBytes", limit, await RefusalAsync(
            own, request => request.SourceJobId = job.JobId));
        AssertQuota("Tenants:MaxVideoBytes", limit, await RefusalAsync(
            own, request => (request.Content, request.ValidateOnly) = (RunningJobService.Video, true)));
        AssertQuota(
            "Tenants:MaxVideoBytes", limit, (await TryAsync(CreateUploadAsync(own, RunningJobService.Video.Length)))!);
        await SubmitAsync(other, request => request.Content = RunningJobService.Video);

        await jobs.CancelJobAsync(new CancelJobRequest { JobId = job.JobId }, cancellationToken: Cancellation);
        await jobs.DeleteJobAsync(new DeleteJobRequest { JobId = job.JobId }, cancellationToken: Cancellation);
        var upload = await CreateUploadAsync(own, RunningJobService.Video.Length);
        await new UploadService.UploadServiceClient(own).UploadPartAsync(
            new UploadPartRequest
            {
                UploadId = upload.UploadId,
                Data = RunningJobService.Video,
                Crc32C = Crc32C.Of(RunningJobService.Video.Span),
            },
            cancellationToken: Cancellation);
        await SubmitAsync(own, request => request.UploadId = upload.UploadId);
        AssertQuota("Tenants:MaxVideoBytes", limit, await RefusalAsync(
            own, request => request.Content = RunningJobService.Video));
        Assert.Equal(2, (await service.Storage.KeysAsync()).Count);
    }

    private static void AssertQuota(string option, long limit, Refusal refusal)
    {
        Assert.Equal(
            (ErrorReason.TenantQuotaExceeded, option, Text(limit), "a"),
            (refusal.Reason, refusal.Info.Metadata["option"], refusal.Info.Metadata["limit"],
                refusal.Info.Metadata["tenant"]));
        Assert.Equal(
            "tenant:a", Assert.Single(refusal.Status.GetDetail<QuotaFailure>().Violations).Subject);
        Assert.Contains($"(option {option})", refusal.Message, StringComparison.Ordinal);
    }

    private static async Task<Refusal> RefusalAsync(GrpcChannel channel, Action<SubmitVideoRequest> source) =>
        (await TryAsync(SubmitAsync(channel, source)))!;

    private static async Task<Job> SubmitAsync(GrpcChannel channel, Action<SubmitVideoRequest> source)
    {
        var request = new SubmitVideoRequest { PipelineId = "detect_only" };
        source(request);
        return (await new Contract.JobServiceClient(channel).SubmitVideoAsync(
            request, cancellationToken: Cancellation)).Job;
    }

    /// <summary>Awaits a call; returns why it was refused, or null.</summary>
    private static async Task<Refusal?> TryAsync(Task call)
    {
        try
        {
            await call;
            return null;
        }
        catch (RpcException failure)
        {
            return Refusal.Read(failure);
        }
    }

    private static async Task<Upload> CreateUploadAsync(GrpcChannel channel, long sizeBytes) =>
        (await new UploadService.UploadServiceClient(channel).CreateUploadAsync(
            new CreateUploadRequest { SizeBytes = sizeBytes }, cancellationToken: Cancellation)).Upload;

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);

    private static Task<RunningJobService> StartAsync(AccessSetup setup, params (string, string)[] settings) =>
        RunningJobService.StartAsync(RunningJobService.NotServing(), [.. setup.Settings, .. settings]);
}
