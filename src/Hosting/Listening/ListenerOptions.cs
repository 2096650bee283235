using System.ComponentModel.DataAnnotations;
using System.Net;

namespace ForegSyte.Hosting.Listening;

/// <summary>Where a service listens. Section "Listen".</summary>
public sealed class ListenerOptions
{
    /// <summary>Name of the section.</summary>
    public const string Section = "Listen";

    /// <value>
    /// IP address. The default is loopback; another one is taken only where it is said who may call, or that everyone
    /// may.
    /// </value>
    [Required]
    public string Address { get; set; } = "127.0.0.1";

    /// <value>
    /// TCP port; 0 takes a free one, which the log line "Now listening on" names. Null is the service's own, and none
    /// where there is a <see cref="UnixSocket"/>.
    /// </value>
    [Range(0, 65535)]
    public int? Port { get; set; }

    /// <value>Absolute path of a Unix domain socket, for callers of the same machine; null for none.</value>
    public string? UnixSocket { get; set; }

    /// <value>Permissions of the socket, octal: who may open it may make every call.</value>
    [RegularExpression("^[0-7]{3}$")]
    public string UnixSocketMode { get; set; } = "600";

    /// <value>
    /// TCP port for HTTP with JSON, which curl and browsers speak; with TLS where there is a certificate. Null, the
    /// default, for none.
    /// </value>
    [Range(0, 65535)]
    public int? HttpPort { get; set; }

    /// <value>
    /// TCP port that serves grpc.health.v1 alone, to everyone and without TLS, as the probes of Kubernetes need it;
    /// null for none.
    /// </value>
    [Range(0, 65535)]
    public int? HealthPort { get; set; }

    /// <summary>Whether other machines can reach the service.</summary>
    public bool IsReachable =>
        (Port is not null || HttpPort is not null)
        && !(IPAddress.TryParse(Address, out var address) && IPAddress.IsLoopback(address));

    /// <summary>The permissions of the socket.</summary>
    public UnixFileMode SocketMode => (UnixFileMode)Convert.ToInt32(UnixSocketMode, 8);
}
