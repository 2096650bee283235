using ForegSyte.Hosting.Configuration;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace ForegSyte.Hosting.Connections;

/// <summary>Sets the limits of connections.</summary>
internal static class ConnectionsServiceCollectionExtensions
{
    /// <summary>Longest single header, Kestrel's own default.</summary>
    private const int MaxHeaderFieldBytes = 16 * 1024;

    /// <summary>
    /// Connections that the kernel keeps until they are accepted: a wave of them is no reason to refuse.
    /// </summary>
    private const int Backlog = 4096;

    public static void AddConnectionLimits(this IServiceCollection services)
    {
        services.AddCheckedOptions<ConnectionOptions>(ConnectionOptions.Section);
        services.AddSingleton<ConnectionTable>();
        services.AddSingleton<ConnectionLife>();
        services.AddHostedService<IdleSweep>();
#pragma warning disable RS0030 // The one place that takes it: safe for many threads, as a Random of one's own is not.
        services.TryAddSingleton(Random.Shared);
#pragma warning restore RS0030
        services.Configure<SocketTransportOptions>(transport => transport.Backlog = Backlog);
        services.AddOptions<KestrelServerOptions>().Configure<IOptions<ConnectionOptions>>(
            (kestrel, options) => Set(kestrel.Limits, options.Value));
    }

    /// <summary>Puts <see cref="ConnectionLife"/> around the connections of an endpoint.</summary>
    public static void UseConnectionLife(this ListenOptions endpoint)
    {
        var life = endpoint.ApplicationServices.GetRequiredService<ConnectionLife>();
        endpoint.Use(next => connection => life.RunAsync(connection, next));
    }

    private static void Set(KestrelServerLimits limits, ConnectionOptions options)
    {
        // ConnectionTable makes room instead of refusing.
        limits.MaxConcurrentConnections = null;

        // MessageArrival refuses the one slow message; this limit would cut the connection with all other calls on it.
        limits.MinRequestBodyDataRate = null;
        limits.MinResponseDataRate = new MinDataRate(options.MinDataRate, options.DataGrace);
        limits.KeepAliveTimeout = options.IdleTimeout;
        limits.RequestHeadersTimeout = options.HeaderTimeout;
        limits.MaxRequestHeadersTotalSize = options.MaxHeaderBytes;
        limits.MaxRequestHeaderCount = options.MaxHeaders;
        limits.Http2.MaxRequestHeaderFieldSize = Math.Min(MaxHeaderFieldBytes, options.MaxHeaderBytes);
        limits.Http2.MaxStreamsPerConnection = options.MaxStreams;
        limits.Http2.KeepAlivePingDelay = options.PingDelay;
        limits.Http2.KeepAlivePingTimeout = options.PingTimeout;
        limits.Http2.InitialConnectionWindowSize = options.WindowBytes;
        limits.Http2.InitialStreamWindowSize = options.StreamWindowBytes;
    }
}
