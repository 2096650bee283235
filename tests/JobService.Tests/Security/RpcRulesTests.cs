using ForegSyte.Jobs.Grpc;
using ForegSyte.V1;
using Google.Protobuf.Reflection;

namespace ForegSyte.Jobs.Tests.Security;

public sealed class RpcRulesTests
{
    /// <summary>The services of every contract file.</summary>
    private static IEnumerable<ServiceDescriptor> Services => typeof(Job).Assembly.GetTypes()
        .Where(type => type.Namespace == typeof(Job).Namespace)
        .Where(type => type.Name.EndsWith("Reflection", StringComparison.Ordinal))
        .Select(type => (FileDescriptor)type.GetProperty("Descriptor")!.GetValue(null)!)
        .SelectMany(file => file.Services);

    /// <summary>InferenceService.Tests holds the same for the InferenceService.</summary>
    [Fact]
    public void Table_HasEveryRpcOfEveryServiceButTheInferenceService()
    {
        var rpcs = Services.Where(service => service.Name != "InferenceService")
            .SelectMany(service => service.Methods.Select(rpc => $"/{service.FullName}/{rpc.Name}"));

        Assert.Equal(rpcs.Order(), JobServiceRpcRules.All.Keys.Order());
    }
}
