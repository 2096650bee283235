using System.Net;
using ForegSyte.Hosting;
using ForegSyte.Hosting.Listening;
using ForegSyte.Hosting.Starting;
using ForegSyte.Jobs.Metrics;
using ForegSyte.Jobs.Queue;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.Options;

namespace ForegSyte.Jobs.Cluster;

/// <summary>Describes this process as a node.</summary>
internal sealed class LocalNode(
    IOptions<NodeOptions> options,
    IOptions<ListenerOptions> listener,
    IOptions<TlsOptions> tls,
    IOptions<DispatchOptions> dispatch,
    IServer server,
    ServiceStart start,
    Drain drain,
    JobTracker tracker)
{
    /// <summary>Id of this process.</summary>
    public Guid NodeId { get; } = Guid.NewGuid();

    /// <summary>Name of this node.</summary>
    public string Name => options.Value.Name;

    /// <summary>Describes the node now.</summary>
    /// <param name="now">The clock of the store.</param>
    public NodeRecord Describe(DateTimeOffset now) => new(
        NodeId, Name, Address(), ServiceVersion.Text, start.StartedAt, now, IsLive: true, drain.State,
        tracker.Running.Count(), dispatch.Value.MaxConcurrentJobs);

    private Uri? Address() => options.Value.Address ?? NodeAddress.Of(
        listener.Value, isEncrypted: !string.IsNullOrEmpty(tls.Value.CertificateFile), Dns.GetHostName(),
        server.Features.Get<IServerAddressesFeature>()?.Addresses ?? []);
}

/// <summary>Registers the metric of live nodes.</summary>
internal sealed class NodeMetering(ICluster cluster, JobMetrics metrics) : IHostedService
{
    /// <inheritdoc />
    public Task StartAsync(CancellationToken cancellationToken)
    {
        metrics.ObserveNodes(() => cluster.LiveNodes);
        return Task.CompletedTask;
    }

    /// <inheritdoc />
    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}

/// <summary>The address of a node that has none configured. Pure.</summary>
internal static class NodeAddress
{
    /// <summary>The address of the gRPC port; null without one, or while a port that the system picks is unknown.
    /// </summary>
    /// <param name="listener">The configured endpoint.</param>
    /// <param name="isEncrypted">Whether the endpoint uses TLS.</param>
    /// <param name="machine">Name of the machine, used if the endpoint listens on all addresses.</param>
    /// <param name="bound">The addresses of the running server; the gRPC port is the first.</param>
    public static Uri? Of(
        ListenerOptions listener, bool isEncrypted, string machine, IEnumerable<string> bound)
    {
        var port = listener.Port is 0
            ? bound.Select(address => BindingAddress.Parse(address).Port).FirstOrDefault()
            : listener.Port ?? 0;
        if (port == 0)
        {
            return null;
        }

        var address = IPAddress.Parse(listener.Address);
        var host = address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any) ? machine : address.ToString();
        return new UriBuilder(isEncrypted ? Uri.UriSchemeHttps : Uri.UriSchemeHttp, host, port).Uri;
    }
}
