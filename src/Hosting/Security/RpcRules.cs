using System.Collections.Frozen;
using ForegSyte.V1;
using Grpc.AspNetCore.Server;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace ForegSyte.Hosting.Security;

/// <summary>The permission that an RPC needs, and whether the audit log records its calls.</summary>
/// <param name="Permission">Required permission.</param>
/// <param name="IsAudited">Whether each call is audited; set for every RPC that changes something.</param>
public sealed record RpcRule(CallerPermissions Permission, bool IsAudited = false)
{
    /// <summary>An RPC that only reads.</summary>
    public static readonly RpcRule Read = new(CallerPermissions.Read);

    /// <summary>An RPC that only reads what submitters need to know too.</summary>
    public static readonly RpcRule ReadOrSubmit = new(CallerPermissions.Read) { Or = CallerPermissions.Submit };

    /// <summary>An RPC for submitters that is too frequent to audit.</summary>
    public static readonly RpcRule Submit = new(CallerPermissions.Submit);

    /// <summary>An RPC that changes jobs or uploads.</summary>
    public static readonly RpcRule Change = new(CallerPermissions.Submit, IsAudited: true);

    /// <summary>An RPC that only reads what concerns operators.</summary>
    public static readonly RpcRule Inspect = new(CallerPermissions.Admin);

    /// <summary>An RPC for the operation of the server.</summary>
    public static readonly RpcRule Operate = new(CallerPermissions.Admin, IsAudited: true);

    /// <summary>A permission that suffices instead of <see cref="Permission"/>; none if no other does.</summary>
    public CallerPermissions Or { get; init; }

    /// <summary>Whether a caller can make the call.</summary>
    public bool Allows(Caller caller) => caller.May(Permission) || (Or != CallerPermissions.None && caller.May(Or));
}

/// <summary>
/// The rules of all RPCs of the server, from the tables that its services register with
/// <see cref="RpcRulesServiceCollectionExtensions.AddRpcRules"/>. An RPC of our package without a rule needs admin.
/// </summary>
internal sealed class RpcRules(IEnumerable<RpcRules.Table> tables)
{
    private static readonly string OwnPackage = $"/{ErrorsReflection.Descriptor.Package}.";

    private readonly FrozenDictionary<string, RpcRule> _rules =
        tables.SelectMany(table => table.Rules).ToFrozenDictionary(StringComparer.Ordinal);

    /// <summary>The rule of a method path; null for other packages, such as health and reflection.</summary>
    public RpcRule? Of(string methodPath) =>
        _rules.TryGetValue(methodPath, out var rule) ? rule
            : methodPath.StartsWith(OwnPackage, StringComparison.Ordinal) ? RpcRule.Operate : null;

    /// <summary>The rules of one service.</summary>
    public sealed record Table(IReadOnlyDictionary<string, RpcRule> Rules);
}

/// <summary>Registers rules of RPCs.</summary>
public static class RpcRulesServiceCollectionExtensions
{
    /// <summary>Adds rules by method path, for example "/foregsyte.v1.JobService/GetJob".</summary>
    public static void AddRpcRules(this IServiceCollection services, IReadOnlyDictionary<string, RpcRule> rules) =>
        services.AddSingleton(new RpcRules.Table(rules));
}

/// <summary>The RPC of a request, before gRPC handles it.</summary>
internal static class RpcRuleExtensions
{
    /// <summary>The rule of the call's RPC; null for other packages, such as health and reflection.</summary>
    public static RpcRule? RpcRule(this HttpContext call) =>
        call.RequestServices.GetRequiredService<RpcRules>().Of(call.RpcMethod());

    /// <summary>The method path of the RPC, which differs from the path of an HTTP request.</summary>
    public static string RpcMethod(this HttpContext call) =>
        call.GetEndpoint()?.Metadata.GetMetadata<GrpcMethodMetadata>()?.Method.FullName
        ?? call.Request.Path.Value ?? "";
}
