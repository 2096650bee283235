using Grpc.AspNetCore.Server;
using Microsoft.AspNetCore.Http;

namespace ForegSyte.Hosting.Security;

/// <summary>Which RPC a call is, before gRPC sees it.</summary>
internal static class RpcOfCall
{
    /// <summary>The rule of the call's RPC; null for what is not ours.</summary>
    public static RpcRule? RpcRule(this HttpContext call) => RpcRules.Of(call.RpcMethod());

    /// <summary>The path of the RPC, which is not that of the call where it came as plain HTTP.</summary>
    public static string RpcMethod(this HttpContext call) =>
        call.GetEndpoint()?.Metadata.GetMetadata<GrpcMethodMetadata>()?.Method.FullName
        ?? call.Request.Path.Value ?? "";
}
