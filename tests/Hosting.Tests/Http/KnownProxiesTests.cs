using System.Text.Json;
using ForegSyte.Client;
using ForegSyte.Testing;
using ForegSyte.V1;
using Grpc.Core;
using Microsoft.Extensions.Logging;

namespace ForegSyte.Hosting.Tests.Http;

/// <summary>Whose forwarded headers the service believes, seen in the peer of the audit log.</summary>
public sealed class KnownProxiesTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("127.0.0.1", "203.0.113.7", "203.0.113.7")]
    [InlineData("127.0.0.0/8", "198.51.100.1, 203.0.113.7, 127.0.0.9", "203.0.113.7")]
    [InlineData("10.0.0.0/8", "203.0.113.7", "127.0.0.1")]
    [InlineData(null, "203.0.113.7", "127.0.0.1")]
    public async Task Peer_IsTheForwardedAddress_OnlyOfAKnownProxy(string? proxy, string forwarded, string peer)
    {
        (string, string)[] settings = proxy is null ? [] : [("Http:KnownProxies:0", proxy)];

        var line = await PeerAsync(server => server.Channel.CreateCallInvoker(), forwarded, settings);

        Assert.StartsWith(peer, line, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(null, "x-forwarded-for", 1)]
    [InlineData("10.0.0.0/8", "forwarded", 1)]
    [InlineData("10.0.0.0/8", "accept", 0)]
    [InlineData("127.0.0.1", "x-forwarded-for", 0)]
    public async Task Calls_ForwardedByAnUnknownProxy_GetOneWarning(string? proxy, string header, int warnings)
    {
        (string, string)[] settings = proxy is null ? [] : [("Http:KnownProxies:0", proxy)];
        await using var server = await TestServer.StartAsync(settings);

        for (var call = 0; call < 3; call++)
        {
            await server.Jobs.ListJobsAsync(
                new ListJobsRequest(), new Metadata { { header, "for=203.0.113.7" } }, cancellationToken: Cancellation);
        }

        Assert.Equal(
            Enumerable.Repeat(LogLevel.Warning, warnings),
            server.Log.GetSnapshot()
                .Where(line => line.Message.StartsWith("Forwarded header from 127.0.0.1", StringComparison.Ordinal))
                .Select(line => line.Level));
    }

    /// <summary>ASP.NET Core's middleware believes every caller without an address.</summary>
    [Fact]
    public async Task Peer_OverTheUnixSocket_StaysUnix()
    {
        using var channel = AccessOutcome.ChannelOf(
            new Uri($"unix:{_folder.File("socket")}"), new ClientCredentials());

        var peer = await PeerAsync(
            _ => channel.CreateCallInvoker(), "203.0.113.7",
            ("Http:KnownProxies:0", "10.0.0.1"), ("Listen:UnixSocket", _folder.File("socket")));

        Assert.Equal("unix", peer);
    }

    /// <summary>A page could send the header, and it would defeat the check of the Host.</summary>
    [Fact]
    public async Task ForwardedHost_HasNoEffect()
    {
        await using var server = await TestServer.StartAsync(
            ("Listen:HttpPort", "0"), ("Http:KnownProxies:0", "127.0.0.1"));
        using var caller = new HttpCaller(server.HttpAddress);

        var reply = await caller.GetAsync(
            "/v1/jobs", ("Host", "evil.example.org"), ("X-Forwarded-Host", "localhost"),
            ("Forwarded", "host=localhost;for=127.0.0.1"));

        Assert.Equal(ErrorReason.PermissionDenied, reply.ReadError().Reason);
    }

    private async Task<string> PeerAsync(
        Func<TestServer, CallInvoker> invoker, string forwarded, params (string, string)[] settings)
    {
        var audit = _folder.File("audit.jsonl");
        await using (var server = await TestServer.StartAsync([.. settings, ("Audit:File", audit)]))
        {
            await new V1.JobService.JobServiceClient(invoker(server)).CancelJobAsync(
                new CancelJobRequest { JobId = "a" },
                new Metadata { { "x-forwarded-for", forwarded }, { "forwarded", $"for={forwarded}" } },
                cancellationToken: Cancellation);
        }

        using var line = JsonDocument.Parse(await File.ReadAllTextAsync(audit, Cancellation));
        return line.RootElement.GetProperty("peer").GetString()!;
    }
}
