using System.ComponentModel.DataAnnotations;
using System.Net;
using ForegSyte.Hosting.Connections;
using ForegSyte.Hosting.Http;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace ForegSyte.Hosting.Telemetry;

/// <summary>
/// The port for Prometheus (HTTP/1.1). It serves the metrics page alone, and no other port serves that page. On
/// loopback the Host must be a loopback name: pages in a browser can make their own name lead there (DNS rebinding).
/// </summary>
internal static class MetricsPort
{
    /// <summary>Path of the page.</summary>
    public const string Path = "/metrics";

    public static void AddMetricsPort(this WebApplicationBuilder builder) =>
        builder.Services.AddOptions<KestrelServerOptions>().Configure<IOptions<TelemetryOptions>>(
            (kestrel, telemetry) => kestrel.Listen(
                IPAddress.Parse(telemetry.Value.PrometheusAddress), telemetry.Value.PrometheusPort!.Value, endpoint =>
                {
                    endpoint.Protocols = HttpProtocols.Http1;
                    endpoint.UseConnectionLimits(hasRate: false);
                    endpoint.Use(next => connection =>
                    {
                        connection.Features.Set(MetricsConnection.Instance);
                        return next(connection);
                    });
                }));

    public static void UseMetricsPort(this WebApplication app)
    {
        if (app.Services.GetRequiredService<IOptions<TelemetryOptions>>().Value.PrometheusPort is null)
        {
            return;
        }

        var isReachable = app.Services.GetRequiredService<IOptions<TelemetryOptions>>().Value.IsReachable;
        app.UseOpenTelemetryPrometheusScrapingEndpoint(call => IsHere(call) && call.Request.Path == Path
            && (isReachable || OriginValidator.IsLoopback(call.Request.Host.Host)));
        app.Use((call, next) =>
        {
            if (!IsHere(call))
            {
                return next(call);
            }

            call.Response.StatusCode = StatusCodes.Status404NotFound;
            return Task.CompletedTask;
        });
    }

    private static bool IsHere(HttpContext call) => call.Features.Get<MetricsConnection>() is not null;
}

/// <summary>
/// The metrics page for Prometheus. Section "Telemetry". OpenTelemetry's own variables configure the export to a
/// collector, see <see cref="OtlpExport"/>.
/// </summary>
public sealed class TelemetryOptions
{
    public const string Section = "Telemetry";

    /// <value>
    /// TCP port of the metrics page (GET /metrics), without credentials and TLS; 0 picks a free port, null disables it.
    /// </value>
    [Range(0, 65535)]
    public int? PrometheusPort { get; set; }

    /// <value>IP address of the port. Any other than loopback requires <see cref="AllowAnonymous"/>.</value>
    [Required]
    public string PrometheusAddress { get; set; } = "127.0.0.1";

    /// <value>
    /// Whether a reachable <see cref="PrometheusAddress"/> is allowed. Metrics name no job, tenant or video, but reveal
    /// the load.
    /// </value>
    public bool AllowAnonymous { get; set; }

    /// <summary>Whether the page is reachable from other machines.</summary>
    public bool IsReachable => PrometheusPort is not null
        && !(IPAddress.TryParse(PrometheusAddress, out var address) && IPAddress.IsLoopback(address));
}

/// <summary>Feature of connections to the metrics port.</summary>
internal sealed class MetricsConnection
{
    public static readonly MetricsConnection Instance = new();
}
