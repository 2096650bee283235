using System.Collections.Concurrent;
using ForegSyte.Hosting.Outbound;
using Grpc.Net.Client;
using Microsoft.Extensions.Options;

namespace ForegSyte.Jobs.Cluster;

/// <summary>Channels to other nodes, which share their connections.</summary>
internal sealed class NodeChannels : IDisposable
{
    /// <summary>Number of kept channels. Nodes get new addresses when they start again, so the old ones are dropped.
    /// </summary>
    private const int MaxChannels = 256;

    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan KeepAlive = TimeSpan.FromSeconds(10);

    private readonly ConcurrentDictionary<Uri, GrpcChannel> _channels = new();
    private readonly ClientTls _tls;
    private readonly HttpClient _connections;

    public NodeChannels(IOptions<NodeTlsOptions> tls, TimeProvider time, ILogger<NodeChannels> logger)
    {
        _tls = new ClientTls(NodeOptions.TlsSection, tls.Value, time, logger);
        _connections = new HttpClient(new SocketsHttpHandler
        {
            ConnectTimeout = ConnectTimeout,
            KeepAlivePingDelay = KeepAlive,
            KeepAlivePingTimeout = KeepAlive,
            EnableMultipleHttp2Connections = true,
            InitialHttp2StreamWindowSize = ResponseWindow.Bytes,
            UseProxy = false,
            SslOptions = _tls.ForConnections(),
        })
        {
            Timeout = Timeout.InfiniteTimeSpan,
        };
    }

    /// <summary>The channel to an address; it connects at the first call.</summary>
    public GrpcChannel To(Uri address)
    {
        if (_channels.Count >= MaxChannels)
        {
            _channels.Clear();
        }

        return _channels.GetOrAdd(address, static (to, connections) => GrpcChannel.ForAddress(
            to, new GrpcChannelOptions { HttpClient = connections, MaxSendMessageSize = null }), _connections);
    }

    /// <inheritdoc />
    public void Dispose()
    {
        _connections.Dispose();
        _tls.Dispose();
    }
}
