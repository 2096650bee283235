using System.ComponentModel.DataAnnotations;
using ForegSyte.Hosting.Configuration;
using ForegSyte.Protocol.Limits;

namespace ForegSyte.Hosting.Telemetry;

/// <summary>
/// Where traces and metrics go. Section "Telemetry". Without any of it nothing is collected, and nothing leaves the
/// service.
/// </summary>
public sealed class TelemetryOptions
{
    /// <summary>Name of the section.</summary>
    public const string Section = "Telemetry";

    /// <value>
    /// Address of an OpenTelemetry collector that takes OTLP over gRPC, for example http://127.0.0.1:4317; null for
    /// none.
    /// </value>
    public Uri? OtlpEndpoint { get; set; }

    /// <value>
    /// The part of the traces that begin here which is exported, 0 to 1; 0 for none. A caller's traceparent that says
    /// whether its trace is exported is followed.
    /// </value>
    [Range(0.0, 1.0)]
    public double SamplingRatio { get; set; } = 1;

    /// <value>How often spans that have ended are sent; a crash loses those since the last time.</value>
    [TimeRange("00:00:00.010", "00:01:00")]
    public TimeSpan TracesInterval { get; set; } = TimeSpan.FromSeconds(1);

    /// <value>How often metrics are sent.</value>
    [TimeRange("00:00:00.100", "01:00:00")]
    public TimeSpan MetricsInterval { get; set; } = TimeSpan.FromSeconds(15);

    /// <value>Spans that wait to be sent.</value>
    [Range(512, 1_000_000)]
    [Limit("spans", "Spans that wait to be sent to the collector; past it new ones are dropped.")]
    public int MaxQueuedSpans { get; set; } = 8192;

    /// <value>
    /// TCP port that serves the metrics as a page for Prometheus (GET /metrics), and nothing else; 0 takes a free one,
    /// null is none.
    /// </value>
    [Range(0, 65535)]
    public int? PrometheusPort { get; set; }

    /// <value>
    /// IP address of that port. Whoever reaches it reads the metrics, without credentials and without TLS.
    /// </value>
    [Required]
    public string PrometheusAddress { get; set; } = "127.0.0.1";
}
