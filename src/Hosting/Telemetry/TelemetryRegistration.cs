using System.Net;
using ForegSyte.Hosting.Configuration;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using OpenTelemetry.Exporter;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace ForegSyte.Hosting.Telemetry;

/// <summary>Adds traces and metrics where the options ask for them.</summary>
internal static class TelemetryRegistration
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
                options => options.OtlpEndpoint is null or { IsAbsoluteUri: true, Scheme: "http" or "https" },
                "Telemetry:OtlpEndpoint has to be an absolute http or https address, for example "
                + "http://127.0.0.1:4317.")
            .Validate(
                options => IPAddress.TryParse(options.PrometheusAddress, out _),
                "Telemetry:PrometheusAddress has to be an IP address, for example 127.0.0.1.");
        builder.Services.AddSingleton<RpcMetrics>();
        var isExported = IsSet(builder.Configuration, nameof(TelemetryOptions.OtlpEndpoint));
        var isScraped = IsSet(builder.Configuration, nameof(TelemetryOptions.PrometheusPort));
        if (!isExported && !isScraped)
        {
            return;
        }

        var telemetry = builder.Services.AddOpenTelemetry().ConfigureResource(resource =>
            resource.AddService($"ForegSyte.{serviceName}", serviceVersion: ServiceVersion.Text));
        telemetry.WithMetrics(metrics =>
        {
            metrics.AddMeter(OwnNames, RuntimeMeter).SetExemplarFilter(ExemplarFilterType.TraceBased);
            _ = isScraped ? metrics.AddPrometheusExporter() : metrics;
            _ = isExported ? metrics.AddOtlpExporter() : metrics;
        });
        if (isScraped)
        {
            builder.AddMetricsPort();
        }

        if (isExported)
        {
            telemetry.WithTracing(traces => traces.AddSource(OwnNames).SetSampler(SamplerOf).AddOtlpExporter());
            Configure(builder.Services);
        }
    }

    private static bool IsSet(ConfigurationManager configuration, string option) =>
        !string.IsNullOrEmpty(configuration[$"{TelemetryOptions.Section}:{option}"]);

    private static ParentBasedSampler SamplerOf(IServiceProvider services) =>
        new(new TraceIdRatioBasedSampler(
            services.GetRequiredService<IOptions<TelemetryOptions>>().Value.SamplingRatio));

    private static void Configure(IServiceCollection services)
    {
        services.AddOptions<OtlpExporterOptions>().Configure<IOptions<TelemetryOptions>>((otlp, telemetry) =>
        {
            otlp.Protocol = OtlpExportProtocol.Grpc;
            otlp.Endpoint = telemetry.Value.OtlpEndpoint!;
            otlp.BatchExportProcessorOptions.MaxQueueSize = telemetry.Value.MaxQueuedSpans;
            otlp.BatchExportProcessorOptions.ScheduledDelayMilliseconds = Milliseconds(telemetry.Value.TracesInterval);
        });
        services.AddOptions<MetricReaderOptions>().Configure<IOptions<TelemetryOptions>>((reader, telemetry) =>
            reader.PeriodicExportingMetricReaderOptions.ExportIntervalMilliseconds =
                Milliseconds(telemetry.Value.MetricsInterval));
    }

    private static int Milliseconds(TimeSpan time) => (int)time.TotalMilliseconds;
}
