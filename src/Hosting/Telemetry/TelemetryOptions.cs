using System.ComponentModel.DataAnnotations;
using System.Net;

namespace ForegSyte.Hosting.Telemetry;

/// <summary>
/// The page of metrics for Prometheus. Section "Telemetry". What goes to a collector is set by OpenTelemetry's own
/// variables, see <see cref="OtlpExport"/>.
/// </summary>
public sealed class TelemetryOptions
{
    /// <summary>Name of the section.</summary>
    public const string Section = "Telemetry";

    /// <value>
    /// TCP port that serves the metrics (GET /metrics) and nothing else, without credentials and without TLS; 0 takes a
    /// free one, null is none.
    /// </value>
    [Range(0, 65535)]
    public int? PrometheusPort { get; set; }

    /// <value>
    /// IP address of that port. Another than the loopback is taken only with <see cref="AllowAnonymous"/>.
    /// </value>
    [Required]
    public string PrometheusAddress { get; set; } = "127.0.0.1";

    /// <value>
    /// Whether everyone who reaches <see cref="PrometheusAddress"/> may read the metrics. They name no job, no tenant
    /// and no video, but tell how much there is to do.
    /// </value>
    public bool AllowAnonymous { get; set; }

    /// <summary>Whether other machines can reach the page.</summary>
    public bool IsReachable => PrometheusPort is not null
        && !(IPAddress.TryParse(PrometheusAddress, out var address) && IPAddress.IsLoopback(address));
}
