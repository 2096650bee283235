using ForegSyte.Hosting.Security;

namespace ForegSyte.Jobs.Grpc;

/// <summary>The permission and the auditing of each RPC of the JobService.</summary>
internal static class JobServiceRpcRules
{
    /// <summary>The rules by method path.</summary>
    public static readonly IReadOnlyDictionary<string, RpcRule> All = new Dictionary<string, RpcRule>
    {
        ["/foregsyte.v1.JobService/SubmitVideo"] = RpcRule.Change,
        ["/foregsyte.v1.JobService/GetJob"] = RpcRule.Read,
        ["/foregsyte.v1.JobService/WaitJob"] = RpcRule.Read,
        ["/foregsyte.v1.JobService/ListJobs"] = RpcRule.Read,
        ["/foregsyte.v1.JobService/UpdateJob"] = RpcRule.Change,
        ["/foregsyte.v1.JobService/CancelJob"] = RpcRule.Change,
        ["/foregsyte.v1.JobService/RetryJob"] = RpcRule.Change,
        ["/foregsyte.v1.JobService/DeleteJob"] = RpcRule.Change,
        ["/foregsyte.v1.JobService/GetJobResults"] = RpcRule.Read,
        ["/foregsyte.v1.JobService/ListObjectTracks"] = RpcRule.Read,
        ["/foregsyte.v1.JobService/ListTextTracks"] = RpcRule.Read,
        ["/foregsyte.v1.JobService/ListShots"] = RpcRule.Read,
        ["/foregsyte.v1.JobService/DownloadVideo"] = RpcRule.Read,
        ["/foregsyte.v1.JobService/GetFrame"] = RpcRule.Read,
        ["/foregsyte.v1.JobService/ListPipelines"] = RpcRule.Read,
        ["/foregsyte.v1.JobService/GetServerInfo"] = RpcRule.Read,
        ["/foregsyte.v1.JobService/ListErrorReasons"] = RpcRule.Read,
        ["/foregsyte.v1.JobService/DiagnoseJob"] = RpcRule.Read,
        ["/foregsyte.v1.JobService/DrainServer"] = RpcRule.Operate,
        ["/foregsyte.v1.JobService/UndrainServer"] = RpcRule.Operate,
        ["/foregsyte.v1.JobService/ListNodes"] = RpcRule.Inspect,
        ["/foregsyte.v1.JobService/ListTenantUsage"] = RpcRule.Read,
        ["/foregsyte.v1.JobService/CreateBackup"] = RpcRule.Operate,
        ["/foregsyte.v1.SearchService/SearchTracks"] = RpcRule.Read,
        ["/foregsyte.v1.SearchService/SearchTexts"] = RpcRule.Read,
        ["/foregsyte.v1.UploadService/CreateUpload"] = RpcRule.Change,

        // Not audited: a video has thousands of parts, and CreateUpload and SubmitVideo record its owner.
        ["/foregsyte.v1.UploadService/UploadPart"] = RpcRule.Submit,
        ["/foregsyte.v1.UploadService/GetUpload"] = RpcRule.Submit,
        ["/foregsyte.v1.UploadService/AbortUpload"] = RpcRule.Change,
    };
}
