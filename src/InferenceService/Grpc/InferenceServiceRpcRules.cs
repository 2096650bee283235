using ForegSyte.Hosting.Security;

namespace ForegSyte.Inference.Grpc;

/// <summary>The permission and the auditing of each RPC of the InferenceService.</summary>
internal static class InferenceServiceRpcRules
{
    /// <summary>
    /// The rules by method path. Submitters can analyze any file below Video:AllowedRoots. A JobService is a submitter
    /// that asks for the pipelines and the device.
    /// </summary>
    public static readonly IReadOnlyDictionary<string, RpcRule> All = new Dictionary<string, RpcRule>
    {
        ["/foregsyte.inference.v1.InferenceService/RunPipeline"] = RpcRule.Submit,
        ["/foregsyte.inference.v1.InferenceService/ProbeVideo"] = RpcRule.Submit,
        ["/foregsyte.inference.v1.InferenceService/GetFrame"] = RpcRule.Submit,
        ["/foregsyte.inference.v1.InferenceService/AnnotateVideo"] = RpcRule.Submit,
        ["/foregsyte.inference.v1.InferenceService/ListPipelines"] = RpcRule.ReadOrSubmit,
        ["/foregsyte.inference.v1.InferenceService/GetServerInfo"] = RpcRule.ReadOrSubmit,
    };
}
