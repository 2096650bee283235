using System.Net;
using ForegSyte.Hosting.Listening;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.HttpOverrides;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace ForegSyte.Hosting.Http;

/// <summary>
/// Believes X-Forwarded-For and X-Forwarded-Proto of the proxies in Http:KnownProxies alone. X-Forwarded-Host has no
/// effect: a page could send it, and it would defeat the check of the Host.
/// </summary>
internal static class KnownProxies
{
    public static void AddKnownProxies(this IServiceCollection services) =>
        services.AddOptions<ForwardedHeadersOptions>().Configure<IOptions<HttpOptions>>((forwarded, http) =>
        {
            forwarded.ForwardedHeaders = ForwardedHeaders.XForwardedFor | ForwardedHeaders.XForwardedProto;

            // The addresses are read from the right, up to the first one that is no known proxy.
            forwarded.ForwardLimit = null;
            forwarded.KnownProxies.Clear();
            forwarded.KnownIPNetworks.Clear();
            foreach (var network in Parse(http.Value.KnownProxies))
            {
                forwarded.KnownIPNetworks.Add(network);
            }
        });

    /// <summary>Adds the warning, and ASP.NET Core's middleware if there are known proxies.</summary>
    public static void UseKnownProxies(this WebApplication app)
    {
        app.UseMiddleware<UnknownProxyMiddleware>();
        if (app.Services.GetRequiredService<IOptions<HttpOptions>>().Value.KnownProxies.Count > 0)
        {
            // The middleware believes every caller without an address, which is that of a Unix socket.
            app.UseWhen(
                call => call.Features.Get<LocalConnection>() is null && call.Connection.RemoteIpAddress is not null,
                remote => remote.UseForwardedHeaders());
        }
    }

    /// <summary>Parses IP addresses and networks that <see cref="HttpOptionsCheck"/> has accepted.</summary>
    public static IReadOnlyList<System.Net.IPNetwork> Parse(IEnumerable<string> texts) =>
        [.. texts.Select(text => TryParse(text, out var network) ? network : default)];

    /// <summary>Parses an IP address or a network.</summary>
    public static bool TryParse(string text, out System.Net.IPNetwork network)
    {
        if (!IPAddress.TryParse(text, out var address))
        {
            return System.Net.IPNetwork.TryParse(text, out network);
        }

        network = new System.Net.IPNetwork(address, address.GetAddressBytes().Length * 8);
        return true;
    }
}

/// <summary>
/// Warns once if a forwarded header arrives from an address that is not in Http:KnownProxies: behind such a proxy all
/// callers share an address. Only once, because every caller can send the header.
/// </summary>
internal sealed class UnknownProxyMiddleware(
    RequestDelegate next, IOptions<HttpOptions> options, ILogger<UnknownProxyMiddleware> logger)
{
    private static readonly string[] ForwardedHeaders = ["X-Forwarded-For", "Forwarded"];

    private readonly IReadOnlyList<System.Net.IPNetwork> _proxies = KnownProxies.Parse(options.Value.KnownProxies);
    private int _warnings;

    public Task InvokeAsync(HttpContext call)
    {
        if (Volatile.Read(ref _warnings) == 0
            && ForwardedHeaders.Any(call.Request.Headers.ContainsKey)
            && AddressOf(call) is { } address
            && !_proxies.Any(proxy => proxy.Contains(address))
            && Interlocked.Exchange(ref _warnings, 1) == 0)
        {
            logger.LogWarning(
                "Forwarded header from {Address} has no effect, because Http:KnownProxies does not list the address. "
                + "If it is a proxy, list it; until then its callers share the address in Rate:AddressCallsPerSecond "
                + "and in the audit log. There are no further warnings of this kind",
                address);
        }

        return next(call);
    }

    /// <summary>Address of the client; null on a Unix socket.</summary>
    private static IPAddress? AddressOf(HttpContext call) => call.Features.Get<LocalConnection>() is not null
        ? null
        : call.Connection.RemoteIpAddress is { IsIPv4MappedToIPv6: true } mapped
            ? mapped.MapToIPv4()
            : call.Connection.RemoteIpAddress;
}
