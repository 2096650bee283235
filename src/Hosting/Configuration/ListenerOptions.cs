using System.ComponentModel.DataAnnotations;

namespace ForegSyte.Hosting.Configuration;

/// <summary>Where a service listens.</summary>
public sealed class ListenerOptions
{
    /// <summary>Name of the section.</summary>
    public const string Section = "Listen";

    /// <value>
    /// IP address. The default is loopback: the calls are neither encrypted nor authenticated, so that a network has
    /// to be asked for.
    /// </value>
    [Required]
    public string Address { get; set; } = "127.0.0.1";

    /// <value>TCP port; 0 takes a free one, which the log line "Now listening on" names. Null is the service's
    /// own.</value>
    [Range(0, 65535)]
    public int? Port { get; set; }
}
