using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace ForegSyte.EndToEnd.Tests.Telemetry;

/// <summary>A small OpenTelemetry collector: takes OTLP over gRPC on a free port of the loopback.</summary>
public sealed class Collector : IAsyncDisposable
{
    private readonly WebApplication _app;

    private Collector(WebApplication app) => _app = app;

    /// <summary>The spans that it got.</summary>
    public SpanInbox Spans => _app.Services.GetRequiredService<SpanInbox>();

    /// <summary>The metrics that it got.</summary>
    public MetricInbox Metrics => _app.Services.GetRequiredService<MetricInbox>();

    /// <summary>Where it listens.</summary>
    public string Address => _app.Services.GetRequiredService<IServer>().Features
        .GetRequiredFeature<IServerAddressesFeature>().Addresses.Single();

    /// <summary>What sends a service's traces and metrics here, soon after they are made.</summary>
    public Dictionary<string, string> Settings => new()
    {
        ["OTEL_EXPORTER_OTLP_ENDPOINT"] = Address,
        ["OTEL_BSP_SCHEDULE_DELAY"] = "20",
        ["OTEL_METRIC_EXPORT_INTERVAL"] = "200",
    };

    /// <summary>Starts it.</summary>
    public static async Task<Collector> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel =>
            kestrel.Listen(IPAddress.Loopback, 0, endpoint => endpoint.Protocols = HttpProtocols.Http2));
        builder.Services.AddGrpc();
        builder.Services.AddSingleton<SpanInbox>().AddSingleton<MetricInbox>();
        var app = builder.Build();
        app.MapGrpcService<SpanInbox>();
        app.MapGrpcService<MetricInbox>();
        await app.StartAsync();
        return new Collector(app);
    }

    /// <inheritdoc />
    public ValueTask DisposeAsync() => _app.DisposeAsync();
}
