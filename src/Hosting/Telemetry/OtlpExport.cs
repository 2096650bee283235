using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;

namespace ForegSyte.Hosting.Telemetry;

/// <summary>
/// What goes to a collector (OTLP), by the variables that OpenTelemetry's specification names, so that a service is set
/// up as everything else that is traced: OTEL_EXPORTER_OTLP_ENDPOINT switches it on. All the others that the .NET SDK
/// knows (protocol, headers, certificates, sampler, attributes, intervals) are read by the SDK itself.
/// </summary>
/// <param name="Traces">Whether spans are exported.</param>
/// <param name="Metrics">Whether metrics are exported.</param>
internal sealed record OtlpExport(bool Traces, bool Metrics)
{
    private const string Endpoint = "OTEL_EXPORTER_OTLP_ENDPOINT";

    /// <summary>
    /// Defaults other than the SDK's: the spans of a second and not of five are lost in a crash, and Prometheus'
    /// usual interval for metrics.
    /// </summary>
    public static readonly IReadOnlyDictionary<string, string?> Defaults = new Dictionary<string, string?>
    {
        ["OTEL_BSP_SCHEDULE_DELAY"] = "1000",
        ["OTEL_BSP_MAX_QUEUE_SIZE"] = "8192",
        ["OTEL_METRIC_EXPORT_INTERVAL"] = "15000",
    };

    /// <summary>Reads the variables.</summary>
    /// <exception cref="OptionsValidationException">
    /// One of them is wrong. The SDK would go on with its default, and nobody would know why nothing arrives.
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
            var other => throw Wrong($"{exporter} is '{other}'. It has to be otlp or none."),
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
            : throw Wrong($"{name} has to be an absolute http or https address, for example http://127.0.0.1:4317.");
    }

    private static OptionsValidationException Wrong(string problem) => new("OTEL", typeof(OtlpExport), [problem]);
}
