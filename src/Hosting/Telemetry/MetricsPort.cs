using System.Net;
using ForegSyte.Hosting.Connections;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace ForegSyte.Hosting.Telemetry;

/// <summary>
/// A port of its own for Prometheus, which speaks HTTP/1.1: it serves the page of metrics and nothing else, and no
/// other port serves that.
/// </summary>
internal static class MetricsPort
{
    /// <summary>Path of the page.</summary>
    public const string Path = "/metrics";

    /// <summary>Has Kestrel listen there.</summary>
    public static void AddMetricsPort(this WebApplicationBuilder builder) =>
        builder.Services.AddOptions<KestrelServerOptions>().Configure<IOptions<TelemetryOptions>>(
            (kestrel, telemetry) => kestrel.Listen(
                IPAddress.Parse(telemetry.Value.PrometheusAddress), telemetry.Value.PrometheusPort!.Value, endpoint =>
                {
                    endpoint.Protocols = HttpProtocols.Http1;
                    endpoint.UseConnectionLife();
                    endpoint.Use(next => connection =>
                    {
                        connection.Features.Set(MetricsConnection.Instance);
                        return next(connection);
                    });
                }));

    /// <summary>Answers what comes to that port.</summary>
    public static void UseMetricsPort(this WebApplication app)
    {
        if (app.Services.GetRequiredService<IOptions<TelemetryOptions>>().Value.PrometheusPort is null)
        {
            return;
        }

        app.UseOpenTelemetryPrometheusScrapingEndpoint(call => IsHere(call) && call.Request.Path == Path);
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
