using ForegSyte.Hosting.Outbound;
using Grpc.Net.Client;
using Microsoft.Extensions.Options;

namespace ForegSyte.Jobs.Inference;

/// <summary>Opens the channels to InferenceServices: over TCP with TLS or without, or over a Unix socket.</summary>
internal sealed class InferenceChannels : IDisposable
{
    private static readonly TimeSpan KeepAlivePingDelay = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan KeepAlivePingTimeout = TimeSpan.FromSeconds(10);

    private readonly InferenceOptions _options;
    private readonly ILoggerFactory _loggers;
    private readonly ClientTls _tls;

    public InferenceChannels(
        IOptions<InferenceOptions> options, IOptions<ClientTlsOptions> tls, TimeProvider time,
        ILoggerFactory loggers)
    {
        _options = options.Value;
        _loggers = loggers;
        _tls = new ClientTls(
            InferenceOptions.TlsSection, tls.Value, time, loggers.CreateLogger<InferenceChannels>());
    }

    /// <summary>Opens a channel; nothing is connected yet.</summary>
    public GrpcChannel Open(Uri address)
    {
        var isUnixSocket = address.Scheme == UnixSocketCalls.Scheme;
        return GrpcChannel.ForAddress(isUnixSocket ? UnixSocketCalls.Placeholder : address, new GrpcChannelOptions
        {
            LoggerFactory = _loggers,
            MaxReceiveMessageSize = _options.MaxResponseBytes,
            DisposeHttpClient = true,
            HttpHandler = new SocketsHttpHandler
            {
                // A segment may take minutes without a byte; pings tell a dead peer from a busy one.
                KeepAlivePingDelay = KeepAlivePingDelay,
                KeepAlivePingTimeout = KeepAlivePingTimeout,
                EnableMultipleHttp2Connections = true,
                SslOptions = _tls.ForConnections(),
                ConnectCallback = isUnixSocket ? UnixSocketCalls.ConnectTo(address) : null,
            },
        });
    }

    /// <inheritdoc />
    public void Dispose() => _tls.Dispose();
}
