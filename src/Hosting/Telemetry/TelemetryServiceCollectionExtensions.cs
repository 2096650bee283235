using System.Net;
using ForegSyte.Hosting.Configuration;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Configuration.Memory;
using Microsoft.Extensions.DependencyInjection;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace ForegSyte.Hosting.Telemetry;

/// <summary>Adds traces and metrics where somebody asks for them.</summary>
internal static class TelemetryServiceCollectionExtensions
{
    /// <summary>All sources of spans, and all meters, of a service have names of this form.</summary>
    private const string OwnNames = "ForegSyte.*";

    /// <summary>Memory, garbage collector and thread pool, as .NET measures them itself.</summary>
    private const string RuntimeMeter = "System.Runtime";

    /// <summary>
    /// Adds telemetry. Where nothing is asked for, no part of OpenTelemetry is there: nobody listens, so that spans are
    /// not made and measurements not taken.
    /// </summary>
    public static void AddTelemetry(this WebApplicationBuilder builder, string serviceName)
    {
        builder.Services.AddCheckedOptions<TelemetryOptions>(TelemetryOptions.Section)
            .Validate(
                options => IPAddress.TryParse(options.PrometheusAddress, out _),
                "Telemetry:PrometheusAddress has to be an IP address, for example 127.0.0.1.")
            .Validate(
                options => !options.IsReachable || options.AllowAnonymous,
                "Telemetry:PrometheusAddress is one that other machines reach, and the page of metrics asks nobody who "
                + "he is. Set Telemetry:AllowAnonymous=true, if everyone who reaches it may read the metrics.");
        builder.Services.AddSingleton<RpcMetrics>();
        ((IConfigurationBuilder)builder.Configuration).Sources.Insert(
            0, new MemoryConfigurationSource { InitialData = OtlpExport.Defaults });
        var export = OtlpExport.Read(builder.Configuration);
        var isScraped = !string.IsNullOrEmpty(
            builder.Configuration[$"{TelemetryOptions.Section}:{nameof(TelemetryOptions.PrometheusPort)}"]);
        if (isScraped)
        {
            builder.AddMetricsPort();
        }

        if (export.Traces || export.Metrics || isScraped)
        {
            AddProviders(builder.Services, serviceName, export, isScraped);
        }
    }

    private static void AddProviders(
        IServiceCollection services, string serviceName, OtlpExport export, bool isScraped)
    {
        // Before the SDK, so that what it has to say at its start is told too.
        services.AddHostedService<TelemetryProblems>();
        var telemetry = services.AddOpenTelemetry().ConfigureResource(resource => resource
            .AddService($"ForegSyte.{serviceName}", serviceVersion: ServiceVersion.Text)
            .AddEnvironmentVariableDetector());
        if (export.Metrics || isScraped)
        {
            telemetry.WithMetrics(metrics =>
            {
                metrics.AddMeter(OwnNames, RuntimeMeter).SetExemplarFilter(ExemplarFilterType.TraceBased);
                _ = isScraped ? metrics.AddPrometheusExporter() : metrics;
                _ = export.Metrics ? metrics.AddOtlpExporter() : metrics;
            });
        }

        if (export.Traces)
        {
            telemetry.WithTracing(traces => traces.AddSource(OwnNames).AddOtlpExporter());
        }
    }
}
