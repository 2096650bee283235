using ForegSyte.Protocol.Checksums;
using ForegSyte.V1;
using Google.Protobuf;
using Grpc.Core;
using Grpc.Health.V1;
using Grpc.Reflection.V1Alpha;
using Contract = ForegSyte.V1.JobService;

namespace ForegSyte.Jobs.Tests.Security;

/// <summary>A minimal call of each RPC.</summary>
internal static class RpcCalls
{
    public const string Health = "grpc.health.v1.Health/Check";
    public const string Reflection = "grpc.reflection/ServerReflectionInfo";

    /// <summary>
    /// The calls by path of the RPC without package; the second parameter is the id of a job or upload.
    /// </summary>
    public static readonly IReadOnlyDictionary<string, Func<CallInvoker, string, CallOptions, Task>> All =
        new Dictionary<string, Func<CallInvoker, string, CallOptions, Task>>
        {
            ["JobService/SubmitVideo"] = (invoker, _, options) =>
                Jobs(invoker).SubmitVideoAsync(new SubmitVideoRequest(), options).ResponseAsync,
            ["JobService/GetJob"] = (invoker, id, options) =>
                Jobs(invoker).GetJobAsync(new GetJobRequest { JobId = id }, options).ResponseAsync,
            ["JobService/WaitJob"] = (invoker, id, options) =>
                Jobs(invoker).WaitJobAsync(new WaitJobRequest { JobId = id }, options).ResponseAsync,
            ["JobService/ListJobs"] = (invoker, _, options) =>
                Jobs(invoker).ListJobsAsync(new ListJobsRequest(), options).ResponseAsync,
            ["JobService/UpdateJob"] = (invoker, id, options) =>
                Jobs(invoker).UpdateJobAsync(
                    new UpdateJobRequest { Job = new Job { JobId = id, DisplayName = "new" } }, options).ResponseAsync,
            ["JobService/CancelJob"] = (invoker, id, options) =>
                Jobs(invoker).CancelJobAsync(new CancelJobRequest { JobId = id }, options).ResponseAsync,
            ["JobService/RetryJob"] = (invoker, id, options) =>
                Jobs(invoker).RetryJobAsync(new RetryJobRequest { JobId = id }, options).ResponseAsync,
            ["JobService/DeleteJob"] = (invoker, id, options) =>
                Jobs(invoker).DeleteJobAsync(new DeleteJobRequest { JobId = id }, options).ResponseAsync,
            ["JobService/GetJobResults"] = (invoker, id, options) =>
                Jobs(invoker).GetJobResultsAsync(new GetJobResultsRequest { JobId = id }, options).ResponseAsync,
            ["JobService/ListObjectTracks"] = (invoker, id, options) =>
                Jobs(invoker).ListObjectTracksAsync(
                    new ListObjectTracksRequest { JobId = id }, options).ResponseAsync,
            ["JobService/ListTextTracks"] = (invoker, id, options) =>
                Jobs(invoker).ListTextTracksAsync(new ListTextTracksRequest { JobId = id }, options).ResponseAsync,
            ["JobService/ListShots"] = (invoker, id, options) =>
                Jobs(invoker).ListShotsAsync(new ListShotsRequest { JobId = id }, options).ResponseAsync,
            ["JobService/DownloadVideo"] = (invoker, id, options) =>
                Jobs(invoker).DownloadVideoAsync(new DownloadVideoRequest { JobId = id }, options).ResponseAsync,
            ["JobService/GetFrame"] = (invoker, id, options) =>
                Jobs(invoker).GetFrameAsync(new GetFrameRequest { JobId = id }, options).ResponseAsync,
            ["JobService/ListPipelines"] = (invoker, _, options) =>
                Jobs(invoker).ListPipelinesAsync(new ListPipelinesRequest(), options).ResponseAsync,
            ["JobService/GetServerInfo"] = (invoker, _, options) =>
                Jobs(invoker).GetServerInfoAsync(new GetServerInfoRequest(), options).ResponseAsync,
            ["JobService/ListErrorReasons"] = (invoker, _, options) =>
                Jobs(invoker).ListErrorReasonsAsync(new ListErrorReasonsRequest(), options).ResponseAsync,
            ["JobService/DiagnoseJob"] = (invoker, id, options) =>
                Jobs(invoker).DiagnoseJobAsync(new DiagnoseJobRequest { JobId = id }, options).ResponseAsync,
            ["JobService/DrainServer"] = (invoker, _, options) =>
                Jobs(invoker).DrainServerAsync(new DrainServerRequest(), options).ResponseAsync,
            ["JobService/UndrainServer"] = (invoker, _, options) =>
                Jobs(invoker).UndrainServerAsync(new UndrainServerRequest(), options).ResponseAsync,
            ["JobService/ListNodes"] = (invoker, _, options) =>
                Jobs(invoker).ListNodesAsync(new ListNodesRequest(), options).ResponseAsync,
            ["JobService/ListTenantUsage"] = (invoker, _, options) =>
                Jobs(invoker).ListTenantUsageAsync(new ListTenantUsageRequest(), options).ResponseAsync,
            ["JobService/CreateBackup"] = (invoker, _, options) =>
                Jobs(invoker).CreateBackupAsync(new CreateBackupRequest { BackupId = "matrix" }, options).ResponseAsync,
            ["SearchService/SearchTracks"] = (invoker, _, options) =>
                Searches(invoker).SearchTracksAsync(new SearchTracksRequest(), options).ResponseAsync,
            ["SearchService/SearchTexts"] = (invoker, _, options) =>
                Searches(invoker).SearchTextsAsync(new SearchTextsRequest { Text = "gate" }, options).ResponseAsync,
            ["UploadService/CreateUpload"] = (invoker, _, options) =>
                Uploads(invoker).CreateUploadAsync(new CreateUploadRequest(), options).ResponseAsync,
            ["UploadService/UploadPart"] = (invoker, id, options) =>
                Uploads(invoker).UploadPartAsync(Part(id), options).ResponseAsync,
            ["UploadService/GetUpload"] = (invoker, id, options) =>
                Uploads(invoker).GetUploadAsync(new GetUploadRequest { UploadId = id }, options).ResponseAsync,
            ["UploadService/AbortUpload"] = (invoker, id, options) =>
                Uploads(invoker).AbortUploadAsync(new AbortUploadRequest { UploadId = id }, options).ResponseAsync,
            [Health] = (invoker, _, options) =>
                new Health.HealthClient(invoker).CheckAsync(new HealthCheckRequest(), options).ResponseAsync,
            [Reflection] = (invoker, _, options) => ReflectAsync(invoker, options),
        };

    private static Contract.JobServiceClient Jobs(CallInvoker invoker) => new(invoker);

    private static SearchService.SearchServiceClient Searches(CallInvoker invoker) => new(invoker);

    private static UploadService.UploadServiceClient Uploads(CallInvoker invoker) => new(invoker);

    /// <summary>A part of one byte.</summary>
    public static UploadPartRequest Part(string uploadId)
    {
        var data = ByteString.CopyFrom(1);
        return new UploadPartRequest { UploadId = uploadId, Data = data, Crc32C = Crc32C.Of(data.Span) };
    }

    private static async Task ReflectAsync(CallInvoker invoker, CallOptions options)
    {
        using var call = new ServerReflection.ServerReflectionClient(invoker).ServerReflectionInfo(options);
        try
        {
            await call.RequestStream.WriteAsync(new ServerReflectionRequest { ListServices = "" });
            await call.RequestStream.CompleteAsync();
        }
        catch (RpcException)
        {
            // The server has already ended the call. MoveNext below throws its status.
        }

        Assert.True(await call.ResponseStream.MoveNext(options.CancellationToken), "Reflection sent no response.");
    }
}
