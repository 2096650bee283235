using System.Net;
using ForegSyte.Hosting.Http;
using ForegSyte.Hosting.Security.RateLimiting;
using ForegSyte.Testing;
using ForegSyte.V1;
using Google.Rpc;
using Grpc.Core;
using Microsoft.Extensions.Logging.Testing;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using HealthClient = Grpc.Health.V1.Health.HealthClient;

namespace ForegSyte.Hosting.Tests.Security;

/// <summary>The rate limit of an address, which applies before credentials are checked.</summary>
public sealed class AddressRateLimitTests
{
    /// <summary>The address of the caller as a proxy on loopback forwards it.</summary>
    private const string Caller = "203.0.113.7";

    private static readonly (string, string)[] TwoCalls =
    [
        ("Rate:AddressCallsPerSecond", "0.001"), ("Rate:AddressBurstCalls", "2"),
        ("Http:KnownProxies:0", "127.0.0.0/8"), ("Listen:HttpPort", "0"),
    ];

    private readonly FakeTimeProvider _clock = new();
    private readonly FakeLogger<AddressRateLimiter> _log = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Calls_WithoutCredentials_AreLimitedForGrpcAndHttpTogether()
    {
        using var setup = AccessSetup.ApiKeys();
        await using var server = await TestServer.StartAsync([.. setup.Settings, .. TwoCalls]);
        using var http = new HttpCaller(server.HttpAddress);

        Assert.Equal(ErrorReason.Unauthenticated, (await Refusal.OfAsync(ListAsync(server, Caller))).Reason);
        var second = await http.GetAsync("/v1/jobs", ("X-Forwarded-For", Caller));
        Assert.Equal(
            (ErrorReason.Unauthenticated, "/foregsyte.v1.JobService/ListJobs"),
            (second.ReadError().Reason, second.ReadError().Info.Metadata["method"]));

        var refusal = await Refusal.OfAsync(ListAsync(server, Caller));
        Assert.Equal(
            (ErrorReason.RateLimited, "Rate:AddressCallsPerSecond", "0.001"),
            (refusal.Reason, refusal.Info.Metadata["option"], refusal.Info.Metadata["limit"]));
        Assert.Contains("0.001 calls", refusal.Message, StringComparison.Ordinal);
        var quota = Assert.Single(refusal.Status.GetDetail<QuotaFailure>().Violations);
        Assert.Equal("address", quota.Subject);
        Assert.Contains("0.001", quota.Description, StringComparison.Ordinal);
        Assert.Equal(1000, refusal.Status.GetDetail<RetryInfo>().RetryDelay.Seconds);
        var page = await http.GetAsync("/openapi.json", ("X-Forwarded-For", Caller));
        Assert.Equal((429, ErrorReason.RateLimited), (page.Status, page.ReadError().Reason));
        Assert.True(page.Headers.ContainsKey("Retry-After"), "The refusal has no retry delay.");

        // Another address, loopback itself and health checks go on.
        Assert.Equal(ErrorReason.Unauthenticated, (await Refusal.OfAsync(ListAsync(server, "203.0.113.8"))).Reason);
        for (var call = 0; call < 5; call++)
        {
            Assert.Equal(ErrorReason.Unauthenticated, (await Refusal.OfAsync(ListAsync(server, from: null))).Reason);
            await new HealthClient(server.Channel).CheckAsync(
                new(), Forwarded(Caller), cancellationToken: Cancellation);
            Assert.Equal(200, (await http.GetAsync("/healthz", ("X-Forwarded-For", Caller))).Status);
        }
    }

    [Fact]
    public async Task Calls_ToTheMetricsPort_AreNotLimited()
    {
        using var setup = AccessSetup.ApiKeys();
        await using var server = await TestServer.StartAsync(
            [.. setup.Settings, .. TwoCalls, ("Telemetry:PrometheusPort", "0")]);
        using var metrics = new HttpCaller(server.LastAddress);

        for (var call = 0; call < 4; call++)
        {
            Assert.Equal(200, (await metrics.GetAsync("/metrics", ("X-Forwarded-For", Caller))).Status);
        }
    }

    /// <summary>
    /// Behind a proxy that is not listed in Http:KnownProxies all callers share an address, and one without a key
    /// emptied its bucket for all.
    /// </summary>
    [Fact]
    public async Task Calls_WithCredentials_FromTheAddressOfAnAttacker_AreNotLimited()
    {
        using var setup = AccessSetup.ApiKeys();
        await using var server = await TestServer.StartAsync([.. setup.Settings, .. TwoCalls]);
        using var http = new HttpCaller(server.HttpAddress);
        var (read, wrong) = (setup.Callers["read"].ApiKey!, setup.Callers["wrong"].ApiKey!);

        // Calls with credentials take no tokens, wrong ones do.
        await CallWithKeyAsync();
        for (var call = 0; call < 2; call++)
        {
            Assert.Equal(
                ErrorReason.Unauthenticated, (await Refusal.OfAsync(ListAsync(server, Caller, wrong))).Reason);
        }

        Assert.Equal(ErrorReason.RateLimited, (await Refusal.OfAsync(ListAsync(server, Caller, wrong))).Reason);
        Assert.Equal(ErrorReason.RateLimited, (await Refusal.OfAsync(ListAsync(server, Caller))).Reason);
        await CallWithKeyAsync();

        async Task CallWithKeyAsync()
        {
            for (var call = 0; call < 3; call++)
            {
                await ListAsync(server, Caller, read);
                var reply = await http.GetAsync("/v1/jobs", ("X-Forwarded-For", Caller), ("x-api-key", read));
                Assert.Equal(200, reply.Status);
            }
        }
    }

    /// <summary>Everyone is a caller of a service without authentication, so that the limit must apply.</summary>
    [Fact]
    public async Task Calls_ToAServiceWithoutAuthentication_AreLimited()
    {
        await using var server = await TestServer.StartAsync(TwoCalls);

        await ListAsync(server, Caller);
        await ListAsync(server, Caller);
        Assert.Equal(ErrorReason.RateLimited, (await Refusal.OfAsync(ListAsync(server, Caller))).Reason);
    }

    [Fact]
    public void TryTake_Tokens_ReturnWithTime()
    {
        var limiter = Limiter(perSecond: 2, burst: 3);
        var address = IPAddress.Parse(Caller);

        Assert.Equal([true, true, true, false], Enumerable.Range(0, 4).Select(_ => limiter.TryTake(address)));
        Assert.Single(_log.Collector.GetSnapshot());
        _clock.Advance(TimeSpan.FromMilliseconds(500));
        Assert.Equal([true, false], Enumerable.Range(0, 2).Select(_ => limiter.TryTake(address)));
        _clock.Advance(TimeSpan.FromHours(1));
        Assert.Equal([true, true, true, false], Enumerable.Range(0, 4).Select(_ => limiter.TryTake(address)));
        Assert.Equal(2, _log.Collector.Count);
    }

    [Theory]
    [InlineData("203.0.113.7", "203.0.113.7")]
    [InlineData("::ffff:203.0.113.7", "203.0.113.7")]
    [InlineData("2001:db8:1:2:3:4:5:6", "2001:db8:1:2:ffff::1")]
    public void TryTake_AddressesOfOneNetwork_ShareABucket(string first, string second)
    {
        var limiter = Limiter(perSecond: 0.001, burst: 1);

        Assert.True(limiter.TryTake(IPAddress.Parse(first)), "The first call is refused.");
        Assert.False(limiter.TryTake(IPAddress.Parse(second)), "The second call has a bucket of its own.");
        Assert.True(limiter.TryTake(IPAddress.Parse("2001:db8:1:3::1")), "Another network has no bucket of its own.");
    }

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("127.1.2.3")]
    [InlineData("::1")]
    [InlineData("::ffff:127.0.0.1")]
    public void TryTake_Loopback_HasNoLimit(string address)
    {
        var limiter = Limiter(perSecond: 0.001, burst: 1);

        Assert.All(Enumerable.Range(0, 3), _ => Assert.True(limiter.TryTake(IPAddress.Parse(address)), address));
        Assert.Equal(0, limiter.Count);
    }

    [Fact]
    public void TryTake_MoreAddressesThanTheTableHolds_ForgetsTheLongestSilentOne()
    {
        var limiter = Limiter(perSecond: 0.001, burst: 1, maxAddresses: 100);
        var loud = IPAddress.Parse(Caller);
        limiter.TryTake(loud);

        for (var index = 0; index < 1000; index++)
        {
            limiter.TryTake(new IPAddress([10, 0, (byte)(index / 256), (byte)(index % 256)]));
            Assert.False(limiter.TryTake(loud), "The address that keeps calling was forgotten.");
        }

        Assert.Equal(100, limiter.Count);
    }

    /// <summary>Handshakes are the dearest thing that a caller without credentials can have.</summary>
    [Fact]
    public void TryConnect_Connections_CountLikeCalls_ExceptThoseOfProxies()
    {
        var limiter = Limiter(perSecond: 0.001, burst: 2, proxy: "198.51.100.0/24");

        Assert.Equal(
            [true, true, false], Enumerable.Range(0, 3).Select(_ => limiter.TryConnect(IPAddress.Parse(Caller))));
        Assert.All(
            ["198.51.100.3", "198.51.100.3", "198.51.100.3", "::ffff:198.51.100.3"],
            address => Assert.True(limiter.TryConnect(IPAddress.Parse(address)), address));
    }

    [Fact]
    public void TryConnect_CallsEmptiedTheirBucket_IsAdmitted()
    {
        var limiter = Limiter(perSecond: 0.001, burst: 2);
        var address = IPAddress.Parse(Caller);

        Assert.Equal([true, true, false], Enumerable.Range(0, 3).Select(_ => limiter.TryTake(address)));
        Assert.Equal([true, true, false], Enumerable.Range(0, 3).Select(_ => limiter.TryConnect(address)));
    }

    [Theory]
    [InlineData(0.1, 10)]
    [InlineData(1, 1)]
    [InlineData(1000, 1)]
    public void Delay_OfARefusal_IsTheTimeOfATokenAndAtLeastASecond(double perSecond, int seconds) =>
        Assert.Equal(TimeSpan.FromSeconds(seconds), Limiter(perSecond, burst: 1).Delay);

    [Fact]
    public void TryTake_RateOfZero_HasNoLimit()
    {
        var limiter = Limiter(perSecond: 0, burst: 1);

        Assert.All(Enumerable.Range(0, 3), _ => Assert.True(limiter.TryTake(IPAddress.Parse(Caller)), "Limited."));
        Assert.Equal(0, limiter.Count);
    }

    [Fact]
    public void TryTake_ManyRefusals_AreLoggedOnceAMinuteWithTheirCount()
    {
        var limiter = Limiter(perSecond: 0.001, burst: 1);
        var address = IPAddress.Parse(Caller);
        limiter.TryTake(address);
        limiter.TryTake(address);
        _clock.Advance(TimeSpan.FromSeconds(59));
        limiter.TryTake(address);
        Assert.Single(_log.Collector.GetSnapshot());

        _clock.Advance(TimeSpan.FromSeconds(1));
        limiter.TryTake(address);

        Assert.Equal(["1", "2"], _log.Collector.GetSnapshot().Select(line => line.GetStructuredStateValue("Count")));
    }

    private AddressRateLimiter Limiter(
        double perSecond, int burst, int maxAddresses = 1000, string proxy = "10.255.0.1") => new(
        Options.Create(new RateOptions
        {
            AddressCallsPerSecond = perSecond,
            AddressBurstCalls = burst,
            MaxAddresses = maxAddresses,
        }),
        Options.Create(new HttpOptions { KnownProxies = { "192.0.2.1", proxy } }), _clock, _log);

    private static AsyncUnaryCall<ListJobsResponse> ListAsync(TestServer server, string? from, string? key = null)
    {
        var headers = from is null ? [] : Forwarded(from);
        if (key is not null)
        {
            headers.Add("x-api-key", key);
        }

        return server.Jobs.ListJobsAsync(new(), headers, cancellationToken: Cancellation);
    }

    private static Metadata Forwarded(string address) => new() { { "x-forwarded-for", address } };
}
