using System.Net;
using ForegSyte.Hosting.Connections;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace ForegSyte.Hosting.Configuration;

/// <summary>Makes Kestrel listen: HTTP/2 without TLS (h2c), on loopback unless told otherwise.</summary>
internal static class Listener
{
    /// <summary>Adds the listener.</summary>
    public static void AddForegSyteListener(this WebApplicationBuilder builder, int defaultPort)
    {
        builder.Services.AddCheckedOptions<ListenerOptions>(ListenerOptions.Section)
            .Validate(
                options => IPAddress.TryParse(options.Address, out _),
                "Listen:Address has to be an IP address, for example 127.0.0.1, ::1 or 0.0.0.0.");
        builder.Services.AddOptions<KestrelServerOptions>().Configure<IOptions<ListenerOptions>>((kestrel, options) =>
        {
            kestrel.AddServerHeader = false;

            // MessageSizeGate answers a message that is too large; this limit would cut the call without a reason.
            kestrel.Limits.MaxRequestBodySize = null;
            kestrel.Listen(
                IPAddress.Parse(options.Value.Address),
                options.Value.Port ?? defaultPort,
                endpoint =>
                {
                    endpoint.Protocols = HttpProtocols.Http2;
                    endpoint.UseConnectionLife();
                });
        });
    }
}
