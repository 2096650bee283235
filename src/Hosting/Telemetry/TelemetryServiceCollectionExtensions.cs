using System.Net;
using ForegSyte.Hosting.Configuration;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Configuration.Memory;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace ForegSyte.Hosting.Telemetry;

/// <summary>Registers traces and metrics if they are configured.</summary>
internal static class TelemetryServiceCollectionExtensions
{
    /// <summary>Name pattern of all activity sources and meters of a service.</summary>
    private const string OwnNames = "ForegSyte.*";

    /// <summary>.NET's meter for memory, garbage collection and thread pool.</summary>
    private const string RuntimeMeter = "System.Runtime";

    /// <summary>
    /// Adds telemetry. If nothing is configured, no part of OpenTelemetry is registered, so that spans and measurements
    /// cost nothing.
    /// </summary>
    public static void AddTelemetry(this WebApplicationBuilder builder, string serviceName)
    {
        builder.Services.AddCheckedOptions<TelemetryOptions>(TelemetryOptions.Section)
            .Validate(
                options => IPAddress.TryParse(options.PrometheusAddress, out _),
                "Telemetry:PrometheusAddress must be an IP address, for example 127.0.0.1.")
            .Validate(
                options => !options.IsReachable || options.AllowAnonymous,
                "Telemetry:PrometheusAddress is reachable from other machines, and the metrics page has no "
                + "authentication. Set Telemetry:AllowAnonymous=true to let everyone read the metrics.");
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
        // Registered before the SDK, so that warnings of its startup are logged too.
        services.AddHostedService<OpenTelemetryEventLog>();
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

/// <summary>
/// The export to an OpenTelemetry collector (OTLP), configured by the variables of OpenTelemetry's specification;
/// OTEL_EXPORTER_OTLP_ENDPOINT enables it. The SDK itself reads all other variables (protocol, headers, certificates,
/// sampler, attributes, intervals).
/// </summary>
/// <param name="Traces">Whether spans are exported.</param>
/// <param name="Metrics">Whether metrics are exported.</param>
internal sealed record OtlpExport(bool Traces, bool Metrics)
{
    private const string Endpoint = "OTEL_EXPORTER_OTLP_ENDPOINT";

    /// <summary>
    /// Defaults that differ from the SDK's: a crash loses the spans of one second instead of five; metrics use
    /// Prometheus' usual interval.
    /// </summary>
    public static readonly IReadOnlyDictionary<string, string?> Defaults = new Dictionary<string, string?>
    {
        ["OTEL_BSP_SCHEDULE_DELAY"] = "1000",
        ["OTEL_BSP_MAX_QUEUE_SIZE"] = "8192",
        ["OTEL_METRIC_EXPORT_INTERVAL"] = "15000",
    };

    /// <summary>Reads the variables.</summary>
    /// <exception cref="OptionsValidationException">
    /// A variable is invalid. The SDK would silently use its default.
    /// </exception>
    public static OtlpExport Read(IConfiguration settings) =>
        new(IsOn(settings, "TRACES"), IsOn(settings, "METRICS"));

    private static bool IsOn(IConfiguration settings, string signal)
    {
        var own = $"OTEL_EXPORTER_OTLP_{signal}_ENDPOINT";
        var exporter = $"OTEL_{signal}_EXPORTER";
        var hasEndpoint = HasAddress(settings, own) | HasAddress(settings, Endpoint);
        return settings[exporter] switch
        {
            "none" => false,
            "otlp" => true,
            null or "" => hasEndpoint,
            var other => throw Wrong($"{exporter} is '{other}'. It must be otlp or none."),
        };
    }

    private static bool HasAddress(IConfiguration settings, string name)
    {
        var text = settings[name];
        if (string.IsNullOrEmpty(text))
        {
            return false;
        }

        return Uri.TryCreate(text, UriKind.Absolute, out var address) && address.Scheme is "http" or "https"
            ? true
            : throw Wrong($"{name} must be an absolute http or https address, for example http://127.0.0.1:4317.");
    }

    private static OptionsValidationException Wrong(string problem) => new("OTEL", typeof(OtlpExport), [problem]);
}
