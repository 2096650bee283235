using ForegSyte.Client;
using ForegSyte.Hosting.Security.ApiKeys;
using ForegSyte.Hosting.Security.RateLimiting;
using ForegSyte.Testing;
using ForegSyte.V1;
using Google.Rpc;
using Grpc.Core;
using Grpc.Net.Client;
using Microsoft.Extensions.DependencyInjection;
using HealthClient = Grpc.Health.V1.Health.HealthClient;

namespace ForegSyte.Hosting.Tests.Security;

/// <summary>The rate limit belongs to the tenant, not to the key or the endpoint.</summary>
public sealed class TenantRateLimitTests
{
    private static readonly (string, string)[] TwoCalls = [("Rate:CallsPerSecond", "0.001"), ("Rate:BurstCalls", "2")];

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task TwoKeysOfOneTenant_ShareALimit_AndTwoTenantsDoNot()
    {
        using var folder = new TemporaryFolder();
        var one = NewApiKey.Make("one", "a", ["read"], expiresAt: null);
        var two = NewApiKey.Make("two", "a", ["read", "submit"], expiresAt: null);
        var other = NewApiKey.Make("other", "b", ["read"], expiresAt: null);
        AccessSetup.WriteKeys(folder.File("keys.json"), [one, two, other]);
        await using var server = await TestServer.StartAsync(
            [("Security:ApiKeysFile", folder.File("keys.json")), .. TwoCalls]);
        using var first = ChannelOf(server, one);
        using var second = ChannelOf(server, two);
        using var third = ChannelOf(server, other);

        await ListAsync(first);
        await ListAsync(second);

        // Both calls of tenant a are used up for both of its keys; tenant b has its own two.
        foreach (var channel in new[] { first, second })
        {
            var refusal = await Refusal.OfAsync(ListAsync(channel));
            var metadata = refusal.Info.Metadata;
            Assert.Equal(
                (ErrorReason.RateLimited, "a", "Rate:CallsPerSecond", "0.001"),
                (refusal.Reason, metadata["tenant"], metadata["option"], metadata["limit"]));
            Assert.Contains("\"a\" exceeds 0.001 calls", refusal.Message, StringComparison.Ordinal);
            var quota = Assert.Single(refusal.Status.GetDetail<QuotaFailure>().Violations);
            Assert.Equal("tenant:a", quota.Subject);
            Assert.Contains("0.001", quota.Description, StringComparison.Ordinal);
            Assert.Equal(1000, refusal.Status.GetDetail<RetryInfo>().RetryDelay.Seconds);
        }

        await ListAsync(third);
        await ListAsync(third);
        Assert.Equal("b", (await Refusal.OfAsync(ListAsync(third))).Info.Metadata["tenant"]);
    }

    [Fact]
    public async Task HealthAndReflection_DoNotCount()
    {
        using var setup = AccessSetup.ApiKeys();
        await using var server = await TestServer.StartAsync([.. setup.Settings, .. TwoCalls]);
        using var channel = AccessOutcome.ChannelOf(server.Address, setup.Callers["read"]);

        for (var call = 0; call < 5; call++)
        {
            await new HealthClient(channel).CheckAsync(new(), cancellationToken: Cancellation);
        }

        await ListAsync(channel);
        await ListAsync(channel);
        Assert.Equal(ErrorReason.RateLimited, (await Refusal.OfAsync(ListAsync(channel))).Reason);
        await new HealthClient(channel).CheckAsync(new(), cancellationToken: Cancellation);
    }

    /// <summary>A node that does not count itself yet must answer calls nevertheless.</summary>
    [Theory]
    [InlineData(0, 2)]
    [InlineData(2, 1)]
    public async Task Calls_InACluster_HaveTheShareOfANode(int nodes, int calls)
    {
        using var setup = AccessSetup.ApiKeys();
        await using var server = await TestServer.StartAsync(
            services => services.Configure<RateShare>(share => share.Nodes = () => nodes),
            [.. setup.Settings, .. TwoCalls]);
        using var channel = AccessOutcome.ChannelOf(server.Address, setup.Callers["read"]);

        for (var call = 0; call < calls; call++)
        {
            await ListAsync(channel);
        }

        Assert.Equal(ErrorReason.RateLimited, (await Refusal.OfAsync(ListAsync(channel))).Reason);
    }

    private static GrpcChannel ChannelOf(TestServer server, NewApiKey key) =>
        AccessOutcome.ChannelOf(server.Address, new ClientCredentials { ApiKey = key.Key.Reveal() });

    private static AsyncUnaryCall<ListJobsResponse> ListAsync(GrpcChannel channel) =>
        new V1.JobService.JobServiceClient(channel).ListJobsAsync(new(), cancellationToken: Cancellation);
}
