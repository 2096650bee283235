using System.ComponentModel.DataAnnotations;
using ForegSyte.Hosting.Configuration;
using ForegSyte.Hosting.Outbound;
using ForegSyte.Protocol.Limits;
using ForegSyte.V1;

namespace ForegSyte.Jobs.Cluster;

/// <summary>This process as a node of a cluster. Section "Node".</summary>
internal sealed class NodeOptions
{
    public const string Section = "Node";

    /// <summary>Name of the subsection with the TLS options of calls to other nodes.</summary>
    public const string TlsSubsection = "Tls";

    /// <summary>Full name of that subsection.</summary>
    public const string TlsSection = $"{Section}:{TlsSubsection}";

    private const string NameRule =
        "Node:Name must have 1 to 100 letters, digits, dots, hyphens or underscores, and begin with a letter or digit.";

    /// <summary>
    /// Name of the node. Uploads in progress belong to it, so it must stay the same when the node restarts with its
    /// data directory. Two live nodes cannot have the same name.
    /// </summary>
    /// <value>
    /// 1 to 100 letters, digits, dots, hyphens and underscores, a letter or digit first; the name of the machine by
    /// default.
    /// </value>
    [Required(ErrorMessage = NameRule)]
    [RegularExpression("^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$", ErrorMessage = NameRule)]
    public string Name { get; set; } = Environment.MachineName;

    /// <summary>
    /// Address at which the other nodes call this one: http is HTTP/2 without TLS, https with TLS. A load balancer in
    /// front of all nodes is none.
    /// </summary>
    /// <value>
    /// By default Listen:Address and Listen:Port, with the name of the machine if Listen:Address means all addresses.
    /// </value>
    public Uri? Address { get; set; }

    /// <summary>Interval between two heartbeats of the node.</summary>
    /// <value>100 ms to 1 minute; 2 s by default.</value>
    [TimeRange("00:00:00.1000000", "00:01:00")]
    public TimeSpan HeartbeatInterval { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>
    /// Time without a heartbeat after which a node counts as lost. All nodes of a cluster must have the same value.
    /// </summary>
    /// <value>1 s to 10 minutes, at least three heartbeats; 10 s by default.</value>
    [TimeRange("00:00:01", "00:10:00")]
    public TimeSpan LostAfter { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>Time without a heartbeat after which a lost node is no longer listed.</summary>
    /// <value>1 minute to 30 days; 1 day by default.</value>
    [TimeRange("00:01:00", "30.00:00:00")]
    public TimeSpan ForgetAfter { get; set; } = TimeSpan.FromDays(1);

    /// <summary>
    /// Timeout of a call that this node passes on to the owner of an upload, if the caller set no deadline.
    /// </summary>
    /// <value>1 s to 1 day; 10 minutes by default.</value>
    [TimeRange("00:00:01", "1.00:00:00")]
    [Limit(
        "", "Timeout of a call that a node passes on to the node of an upload, if the caller set no deadline.",
        Reason = ErrorReason.DeadlineExceeded)]
    public TimeSpan ForwardTimeout { get; set; } = TimeSpan.FromMinutes(10);
}

/// <summary>TLS of calls to other nodes. Section "Node:Tls".</summary>
internal sealed class NodeTlsOptions : ClientTlsOptions;
