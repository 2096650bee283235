using System.Collections.Frozen;
using ForegSyte.V1;

namespace ForegSyte.Hosting.Security;

/// <summary>
/// The one table of who may make which call, for all services. A method of ours that is not in it is an admin's: a test
/// sees to it that there is none.
/// </summary>
public static class RpcRules
{
    private static readonly RpcRule Read = new(CallerPermissions.Read);
    private static readonly RpcRule Submit = new(CallerPermissions.Submit);
    private static readonly RpcRule Change = new(CallerPermissions.Submit, IsAudited: true);
    private static readonly RpcRule Operate = new(CallerPermissions.Admin, IsAudited: true);

    /// <summary>The rules by the path of the method, for example "/foregsyte.v1.JobService/GetJob".</summary>
    public static readonly FrozenDictionary<string, RpcRule> ByMethod = new Dictionary<string, RpcRule>
    {
        ["/foregsyte.v1.JobService/SubmitVideo"] = Change,
        ["/foregsyte.v1.JobService/GetJob"] = Read,
        ["/foregsyte.v1.JobService/WaitJob"] = Read,
        ["/foregsyte.v1.JobService/ListJobs"] = Read,
        ["/foregsyte.v1.JobService/CancelJob"] = Change,
        ["/foregsyte.v1.JobService/RetryJob"] = Change,
        ["/foregsyte.v1.JobService/DeleteJob"] = Change,
        ["/foregsyte.v1.JobService/GetJobResults"] = Read,
        ["/foregsyte.v1.JobService/ListPipelines"] = Read,
        ["/foregsyte.v1.JobService/GetServerInfo"] = Read,
        ["/foregsyte.v1.JobService/ListErrorReasons"] = Read,
        ["/foregsyte.v1.JobService/DiagnoseJob"] = Read,
        ["/foregsyte.v1.JobService/DrainServer"] = Operate,
        ["/foregsyte.v1.UploadService/CreateUpload"] = Change,

        // Not audited: thousands make one video, and CreateUpload and SubmitVideo tell whose it is.
        ["/foregsyte.v1.UploadService/UploadPart"] = Submit,
        ["/foregsyte.v1.UploadService/GetUpload"] = Submit,
        ["/foregsyte.v1.UploadService/AbortUpload"] = Change,

        // The JobService's calls for its jobs; whoever may make them may have any file of Video:AllowedRoots analyzed.
        ["/foregsyte.v1.InferenceService/RunPipeline"] = Submit,
        ["/foregsyte.v1.InferenceService/ProbeVideo"] = Submit,
        ["/foregsyte.v1.InferenceService/ListPipelines"] = Read,
        ["/foregsyte.v1.InferenceService/GetServerInfo"] = Read,
    }.ToFrozenDictionary();

    private static readonly string Ours = $"/{ErrorsReflection.Descriptor.Package}.";

    /// <summary>The rule of a method; null for those that are not ours, such as health and reflection.</summary>
    public static RpcRule? Of(string methodPath) =>
        ByMethod.TryGetValue(methodPath, out var rule) ? rule
            : methodPath.StartsWith(Ours, StringComparison.Ordinal) ? Operate : null;
}
