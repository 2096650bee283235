using ForegSyte.Hosting.Http;
using ForegSyte.Jobs.Tests.Grpc;
using ForegSyte.Jobs.Tests.Security;
using ForegSyte.Testing;
using ForegSyte.V1;

namespace ForegSyte.Jobs.Tests.Http;

/// <summary>
/// Access over HTTP is what docs/security-matrix.md documents, in every configuration and for every caller.
/// </summary>
public sealed class HttpMatrixTests
{
    [Fact]
    public void Calls_CoverEveryRoute()
    {
        var routes = new[]
            {
                JobServiceReflection.Descriptor, UploadServiceReflection.Descriptor, SearchServiceReflection.Descriptor,
            }
            .SelectMany(file => file.Services)
            .SelectMany(HttpRoute.Of)
            .Select(route => (route.Method.FullName["foregsyte.v1.".Length..].Replace('.', '/'), route.Verb))
            .Append(("grpc.health.v1.Health/Check", "GET"));

        Assert.Equal(routes.Order(), HttpCalls.All.Select(call => (call.Rpc, call.Verb)).Order());
    }

    [Fact]
    public async Task Outcomes_AreThoseOfGrpc()
    {
        var documented = SecurityMatrix.Read();
        foreach (var (title, make) in SecurityMatrix.Configurations)
        {
            using var setup = make();
            await using var service = await RunningJobService.StartAsync(
                RunningJobService.NotServing(), [.. setup.Settings, ("Listen:HttpPort", "0")]);
            var address = new UriBuilder(service.HttpAddress) { Host = "localhost" }.Uri;
            foreach (var (name, credentials) in setup.Callers)
            {
                using var caller = new HttpCaller(address, credentials);
                foreach (var call in HttpCalls.All)
                {
                    var reply = await caller.SendAsync(call, await SecurityMatrix.PrepareAsync(service, call.Rpc));
                    var outcome = reply.Status == 200
                        ? AccessOutcome.Allowed
                        : AccessOutcome.Of(reply.ReadError().Info);
                    Assert.True(
                        documented[(title, call.Rpc, name)] == outcome,
                        $"{title}: {call.Verb} {call.Path} as {name} has the outcome {outcome}: {reply.Body}");
                }
            }
        }
    }
}
