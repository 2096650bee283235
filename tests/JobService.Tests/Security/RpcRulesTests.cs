using ForegSyte.Hosting.Security;
using ForegSyte.V1;
using Google.Protobuf.Reflection;

namespace ForegSyte.Jobs.Tests.Security;

public sealed class RpcRulesTests
{
    /// <summary>Every service of ours: those of every file of the contracts.</summary>
    private static IEnumerable<ServiceDescriptor> Services => typeof(Job).Assembly.GetTypes()
        .Where(type => type.Namespace == typeof(Job).Namespace)
        .Where(type => type.Name.EndsWith("Reflection", StringComparison.Ordinal))
        .Select(type => (FileDescriptor)type.GetProperty("Descriptor")!.GetValue(null)!)
        .SelectMany(file => file.Services);

    [Fact]
    public void Table_HasEveryRpcOfOursAndNoOther()
    {
        var rpcs = Services.SelectMany(service => service.Methods.Select(rpc => $"/{service.FullName}/{rpc.Name}"));

        Assert.Equal(rpcs.Order(), RpcRules.ByMethod.Keys.Order());
    }

    [Fact]
    public void Of_AnRpcThatWasForgotten_IsTheAdmins()
    {
        Assert.Equal(CallerPermissions.Admin, RpcRules.Of("/foregsyte.v1.JobService/Forgotten")!.Permission);
        Assert.Null(RpcRules.Of("/grpc.health.v1.Health/Check"));
    }
}
