using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using ForegSyte.Hosting.Configuration;
using ForegSyte.Hosting.Connections;
using ForegSyte.Hosting.Http;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace ForegSyte.Hosting.Listening;

/// <summary>
/// Configures Kestrel's endpoints: gRPC over TCP (HTTP/2, TLS if a certificate is set), gRPC over a Unix socket, HTTP
/// with JSON, and health checks.
/// </summary>
internal static class Listener
{
    public static void AddForegSyteListener(this WebApplicationBuilder builder, int defaultPort)
    {
        builder.Services.AddCheckedOptions<ListenerOptions>(ListenerOptions.Section, TlsOptions.Subsection)
            .PostConfigure(options => options.Port ??= options.UnixSocket is null ? defaultPort : null);
        builder.Services.AddCheckedOptions<TlsOptions>(TlsOptions.Section);
        builder.Services.AddSingleton<IValidateOptions<ListenerOptions>, ForeignEndpointCheck>();
        builder.Services.AddSingleton<IValidateOptions<ListenerOptions>, BindAddressCheck>();
        builder.Services.AddSingleton<ServerTls>();
        builder.Services.AddSingleton(provider => new PreboundListeners(
            provider.GetRequiredService<IOptions<ListenerOptions>>()));
        builder.Services.AddOptions<KestrelServerOptions>().Configure<IOptions<ListenerOptions>, ServerTls>(
            (kestrel, options, tls) =>
            {
                kestrel.AddServerHeader = false;

                // MessageSizeMiddleware returns an error for a message that is too large; this limit would abort the
                // call.
                kestrel.Limits.MaxRequestBodySize = null;
                Listen(kestrel, options.Value, tls);
            });
        builder.Services.AddOptions<SocketTransportOptions>().Configure<IOptions<ListenerOptions>, PreboundListeners>(
            (sockets, options, prebound) => sockets.CreateBoundListenSocket =
                endPoint => prebound.Take(endPoint) ?? Bind(endPoint, options.Value));
    }

    public static Socket Bind(EndPoint endPoint, ListenerOptions options) => endPoint switch
    {
        UnixDomainSocketEndPoint local => UnixSocket.Bind(local, options.UnixSocket!, options.SocketMode),
        IPEndPoint address => TcpSocket.Bind(address),
        _ => SocketTransportOptions.CreateDefaultBoundListenSocket(endPoint),
    };

    private static void Listen(KestrelServerOptions kestrel, ListenerOptions options, ServerTls tls)
    {
        var address = IPAddress.Parse(options.Address);
        if (options.Port is { } port)
        {
            kestrel.Listen(address, port, endpoint =>
            {
                Limit(endpoint, HttpProtocols.Http2);
                Encrypt(endpoint, tls, SslApplicationProtocol.Http2);
            });
        }

        if (options.HttpPort is { } httpPort)
        {
            kestrel.Listen(address, httpPort, endpoint =>
            {
                // Without TLS nothing negotiates the version, and curl and browsers start with HTTP/1.1.
                Mark(endpoint, HttpConnection.Instance, tls.IsUsed ? HttpProtocols.Http1AndHttp2 : HttpProtocols.Http1);
                Encrypt(endpoint, tls, SslApplicationProtocol.Http2, SslApplicationProtocol.Http11);
            });
        }

        if (options.UnixSocket is { } path)
        {
            kestrel.ListenUnixSocket(path, endpoint => Mark(endpoint, LocalConnection.Instance));
        }

        if (options.HealthPort is { } healthPort)
        {
            kestrel.Listen(address, healthPort, endpoint => Mark(endpoint, HealthConnection.Instance));
        }
    }

    /// <summary>Comes first, so that the connection limit applies before the cost of a TLS handshake.</summary>
    private static void Limit(ListenOptions endpoint, HttpProtocols protocols, bool hasRate = true)
    {
        endpoint.Protocols = protocols;
        endpoint.UseConnectionLimits(hasRate);
    }

    private static void Encrypt(ListenOptions endpoint, ServerTls tls, params List<SslApplicationProtocol> protocols)
    {
        if (tls.IsUsed)
        {
            endpoint.UseHttps(new TlsHandshakeCallbackOptions
            {
                OnConnection = _ => ValueTask.FromResult(tls.ForConnection(protocols)),
            });
        }
    }

    private static void Mark<TFeature>(
        ListenOptions endpoint, TFeature feature, HttpProtocols protocols = HttpProtocols.Http2)
    {
        Limit(endpoint, protocols, hasRate: feature is not HealthConnection);
        endpoint.Use(next => connection =>
        {
            connection.Features.Set(feature);
            return next(connection);
        });
    }
}

/// <summary>Feature of connections over the Unix socket.</summary>
internal sealed class LocalConnection
{
    public static readonly LocalConnection Instance = new();
}
