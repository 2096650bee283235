using System.Net.Sockets;
using Grpc.Core;
using Grpc.Net.Client;
using Grpc.Net.Client.Balancer;
using Grpc.Net.Client.Configuration;

namespace ForegSyte.Client.Calls;

/// <summary>Creates the HTTP/2 channel of a client.</summary>
internal static class ChannelFactory
{
    /// <summary>
    /// HTTP/2 flow-control window of a response in bytes. Up to an eighth of it, no update of the window is sent:
    /// servers on Kestrel 10.0 are reported to lose a later response after late updates (dotnet/aspnetcore#53736).
    /// </summary>
    private const int ResponseWindowBytes = 16 * 1024 * 1024;

    /// <summary>Creates a channel with the limits of the options. It connects with the first call.</summary>
    public static GrpcChannel Create(ForegSyteClientOptions options)
    {
        var isUnixSocket = options.Address.Scheme == UnixSockets.Scheme;
        var target = ChannelTarget.From(options);
        var sockets = new SocketsHttpHandler
        {
            EnableMultipleHttp2Connections = true,
            InitialHttp2StreamWindowSize = ResponseWindowBytes,
            ConnectTimeout = options.ConnectTimeout,
            KeepAlivePingDelay = options.KeepAlivePingDelay,
            KeepAlivePingTimeout = options.KeepAlivePingTimeout,
            // Only during calls, so that a server does not take an idle client for a ping flood.
            KeepAlivePingPolicy = HttpKeepAlivePingPolicy.WithActiveRequests,
            PooledConnectionIdleTimeout = Timeout.InfiniteTimeSpan,
            // A proxy cannot reach a server on this machine, and would undo the choice between several servers.
            UseProxy = !isUnixSocket && !options.Address.IsLoopback && target.Resolver is null,
            SslOptions = TlsSettings.For(options.Credentials),
            ConnectCallback = isUnixSocket ? UnixSockets.ConnectTo(options.Address) : null,
        };
        var channelOptions = new GrpcChannelOptions
        {
            HttpHandler = AuthenticationHeader.From(options) is { } header
                ? new AuthenticationHandler(header, sockets)
                : sockets,
            DisposeHttpClient = true,
            MaxReceiveMessageSize = options.MaxMessageBytes,
            MaxSendMessageSize = options.MaxMessageBytes,
            // The default is 1 to 120 s, too long to notice a restarted server.
            InitialReconnectBackoff = options.RetryBaseDelay,
            MaxReconnectBackoff = options.RetryMaxDelay,
            LoggerFactory = options.LoggerFactory,
        };
        target.ApplyTo(channelOptions, options);
        options.ConfigureChannel?.Invoke(channelOptions);
        return GrpcChannel.ForAddress(target.Address, channelOptions);
    }
}

/// <summary>The target of a channel: one server, several addresses, or all addresses of a DNS name.</summary>
/// <param name="Address">Target address in gRPC's form.</param>
/// <param name="Resolver">Resolves the address to servers; null if the address is a server.</param>
internal sealed record ChannelTarget(Uri Address, ResolverFactory? Resolver)
{
    public static ChannelTarget From(ForegSyteClientOptions options) => options switch
    {
        { Address.Scheme: UnixSockets.Scheme } => new ChannelTarget(UnixSockets.Placeholder, null),
        { Replicas.Count: > 0 } => new ChannelTarget(
            new Uri("static:///foregsyte"),
            new StaticResolverFactory(_ => options.Addresses.Select(
                address => new BalancerAddress(address.IdnHost, address.Port)))),
        { LoadBalancing: LoadBalancingPolicy.RoundRobin } => new ChannelTarget(
            new Uri($"dns:///{options.Address.Authority}"), new DnsResolverFactory(options.DnsRefreshInterval)),
        _ => new ChannelTarget(options.Address, null),
    };

    /// <summary>Sets the resolver and the load balancing policy of a channel.</summary>
    public void ApplyTo(GrpcChannelOptions channel, ForegSyteClientOptions options)
    {
        if (Resolver is null)
        {
            return;
        }

        channel.Credentials = options.Address.Scheme == Uri.UriSchemeHttps
            ? ChannelCredentials.SecureSsl
            : ChannelCredentials.Insecure;
        channel.ServiceProvider = new ResolverProvider(Resolver);
        // Otherwise a DNS TXT record could change the retry policy.
        channel.DisableResolverServiceConfig = true;
        channel.ServiceConfig = new ServiceConfig
        {
            LoadBalancingConfigs =
            {
                options.LoadBalancing == LoadBalancingPolicy.RoundRobin
                    ? new RoundRobinConfig()
                    : new PickFirstConfig(),
            },
        };
    }

    /// <summary>Hands a resolver to a channel, which takes it only from a service provider.</summary>
    private sealed class ResolverProvider(ResolverFactory resolver) : IServiceProvider
    {
        public object? GetService(Type serviceType) =>
            serviceType == typeof(IEnumerable<ResolverFactory>) ? new[] { resolver } : null;
    }
}

/// <summary>Connects to Unix domain sockets, for addresses such as unix:/run/foregsyte/jobs.sock.</summary>
internal static class UnixSockets
{
    public const string Scheme = "unix";

    /// <summary>HTTP address of a channel over a socket, which has no host.</summary>
    public static readonly Uri Placeholder = new("http://localhost");

    /// <summary>Returns a connect callback for the socket of an address.</summary>
    public static Func<SocketsHttpConnectionContext, CancellationToken, ValueTask<Stream>> ConnectTo(Uri address) =>
        async (_, cancellationToken) =>
        {
            var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            try
            {
                await socket.ConnectAsync(new UnixDomainSocketEndPoint(address.LocalPath), cancellationToken);
                return new NetworkStream(socket, ownsSocket: true);
            }
            catch
            {
                socket.Dispose();
                throw;
            }
        };
}
