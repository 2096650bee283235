using Grpc.Net.Client;

namespace ForegSyte.Client.Calls;

/// <summary>Makes the HTTP/2 channel.</summary>
internal static class Channels
{
    /// <summary>A channel with the options' limits; nothing is connected yet.</summary>
    public static GrpcChannel Open(ForegSyteClientOptions options)
    {
        var isUnixSocket = options.Address.Scheme == UnixSockets.Scheme;
        var target = ChannelTarget.Of(options);
        var sockets = new SocketsHttpHandler
        {
            EnableMultipleHttp2Connections = true,
            ConnectTimeout = options.ConnectTimeout,
            KeepAlivePingDelay = options.KeepAlivePingDelay,
            KeepAlivePingTimeout = options.KeepAlivePingTimeout,
            // Only while calls are under way: an idle client must not be taken for a ping flood.
            KeepAlivePingPolicy = HttpKeepAlivePingPolicy.WithActiveRequests,
            PooledConnectionIdleTimeout = Timeout.InfiniteTimeSpan,
            // A proxy of the environment cannot reach this machine's own server, and would choose between several.
            UseProxy = !isUnixSocket && !options.Address.IsLoopback && target.Resolver is null,
            SslOptions = TlsSettings.For(options.Credentials),
            ConnectCallback = isUnixSocket ? UnixSockets.ConnectTo(options.Address) : null,
        };
        var channelOptions = new GrpcChannelOptions
        {
            HttpHandler = CallSecret.Of(options) is { } secret ? new CredentialsHandler(secret, sockets) : sockets,
            DisposeHttpClient = true,
            MaxReceiveMessageSize = options.MaxMessageBytes,
            MaxSendMessageSize = options.MaxMessageBytes,
            // grpc-dotnet waits 1 to 120 s before it connects again; a restarted server should be found at once.
            InitialReconnectBackoff = options.RetryBaseDelay,
            MaxReconnectBackoff = options.RetryMaxDelay,
            LoggerFactory = options.LoggerFactory,
        };
        target.ApplyTo(channelOptions, options);
        options.ConfigureChannel?.Invoke(channelOptions);
        return GrpcChannel.ForAddress(target.Address, channelOptions);
    }
}
