using ForegSyte.Inference.Grpc;
using Contract = ForegSyte.Inference.V1.InferenceService;

namespace ForegSyte.Inference.Tests.Grpc;

public sealed class InferenceRpcRulesTests
{
    [Fact]
    public void Table_HasEveryRpc() => Assert.Equal(
        Contract.Descriptor.Methods.Select(rpc => $"/{Contract.Descriptor.FullName}/{rpc.Name}").Order(),
        InferenceServiceRpcRules.All.Keys.Order());
}
