using System.Net;
using ForegSyte.Hosting.Configuration;
using ForegSyte.Hosting.Security.RateLimiting;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace ForegSyte.Hosting.Connections;

/// <summary>
/// Connection middleware that enforces the maximum number and the maximum age of connections, and the rate of each
/// address. Kestrel has no limit of age.
/// </summary>
internal sealed class ConnectionLimiter(
    ConnectionTable table, AddressRateLimiter addresses, IOptions<ConnectionOptions> options, TimeProvider time,
    Random random)
{
    /// <summary>Relative jitter of the age, so that connections are not all renewed at once.</summary>
    private const double Jitter = 0.1;

    /// <summary>Serves a connection within the limits, or closes it.</summary>
    /// <param name="connection">The connection.</param>
    /// <param name="next">Serves it.</param>
    /// <param name="hasRate">Whether the rate of its address applies.</param>
    public async Task RunAsync(ConnectionContext connection, ConnectionDelegate next, bool hasRate)
    {
        if (hasRate && connection.RemoteEndPoint is IPEndPoint remote && !addresses.TryConnect(remote.Address))
        {
            connection.Abort(new ConnectionAbortedException("The address exceeds Rate:AddressCallsPerSecond."));
            return;
        }

        if (table.Admit(connection) is not { } tracked)
        {
            connection.Abort(new ConnectionAbortedException("The connection limit is reached and none is idle."));
            return;
        }

        connection.Features.Set(tracked);
        await using var age = StartAgeTimer(tracked);
        try
        {
            await next(connection);
        }
        finally
        {
            table.Remove(tracked);
        }
    }

    private ITimer? StartAgeTimer(TrackedConnection connection)
    {
        if (options.Value.MaxAge == TimeSpan.Zero)
        {
            return null;
        }

        var isDrained = false;
        ITimer? timer = null;
        timer = time.CreateTimer(_ => Expire(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        timer.Change(options.Value.MaxAge * (1 + (Jitter * ((2 * random.NextDouble()) - 1))), Timeout.InfiniteTimeSpan);
        return timer;

        void Expire()
        {
            if (isDrained)
            {
                connection.Abort("The connection exceeded its maximum age and the grace time of its calls.");
                return;
            }

            isDrained = true;
            connection.Drain();
            timer!.Change(options.Value.AgeGrace, Timeout.InfiniteTimeSpan);
        }
    }
}

/// <summary>Reports the start and end of calls to the <see cref="ConnectionTable"/>.</summary>
internal sealed class CallTrackingMiddleware(RequestDelegate next, ConnectionTable table)
{
    public async Task InvokeAsync(HttpContext context)
    {
        if (context.Features.Get<TrackedConnection>() is not { } connection)
        {
            await next(context);
            return;
        }

        table.CallBegan(connection);
        try
        {
            await next(context);
        }
        finally
        {
            table.CallEnded(connection);
        }
    }
}

/// <summary>
/// Aborts connections that are idle for twice the idle timeout. Kestrel closes idle connections itself; but after a
/// flood of streams it can wait forever for a stream that no longer exists.
/// </summary>
internal sealed class IdleConnectionReaper(
    ConnectionTable table, IOptions<ConnectionOptions> options, TimeProvider time)
    : BackgroundService
{
    /// <inheritdoc />
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(options.Value.IdleTimeout / 2, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            table.AbortIdle(2 * options.Value.IdleTimeout);
        }
    }
}

/// <summary>Registers the limits of connections.</summary>
internal static class ConnectionsServiceCollectionExtensions
{
    /// <summary>Maximum size of a single header; Kestrel's default.</summary>
    private const int MaxHeaderFieldBytes = 16 * 1024;

    /// <summary>Length of the kernel's accept queue, for bursts of connections.</summary>
    private const int Backlog = 4096;

    public static void AddConnectionLimits(this IServiceCollection services)
    {
        services.AddCheckedOptions<ConnectionOptions>(ConnectionOptions.Section);
        services.AddSingleton<ConnectionTable>();
        services.AddSingleton<ConnectionLimiter>();
        services.AddHostedService<IdleConnectionReaper>();
#pragma warning disable RS0030 // The only use: Random.Shared is thread-safe, other instances are not.
        services.TryAddSingleton(Random.Shared);
#pragma warning restore RS0030
        services.Configure<SocketTransportOptions>(transport => transport.Backlog = Backlog);
        services.AddOptions<KestrelServerOptions>().Configure<IOptions<ConnectionOptions>>(
            (kestrel, options) => Configure(kestrel.Limits, options.Value));
    }

    /// <summary>Adds the <see cref="ConnectionLimiter"/> to an endpoint.</summary>
    /// <param name="endpoint">The endpoint.</param>
    /// <param name="hasRate">Whether each address has a rate there; not for health checks and metrics.</param>
    public static void UseConnectionLimits(this ListenOptions endpoint, bool hasRate = true)
    {
        var limiter = endpoint.ApplicationServices.GetRequiredService<ConnectionLimiter>();
        endpoint.Use(next => connection => limiter.RunAsync(connection, next, hasRate));
    }

    private static void Configure(KestrelServerLimits limits, ConnectionOptions options)
    {
        // ConnectionTable evicts idle connections, whereas this limit would refuse new ones.
        limits.MaxConcurrentConnections = null;

        // RequestMessageReader refuses the slow call, whereas this limit would abort all calls of its connection.
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
