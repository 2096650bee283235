using System.Net;
using ForegSyte.Hosting.Listening;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.HttpOverrides;
using Microsoft.Extensions.DependencyInjection;
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

    /// <summary>Adds ASP.NET Core's middleware if there are known proxies.</summary>
    public static void UseKnownProxies(this WebApplication app)
    {
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
