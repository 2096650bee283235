using System.ComponentModel.DataAnnotations;
using System.Net;
using System.Text;
using ForegSyte.Hosting.Security;
using Microsoft.Extensions.Options;

namespace ForegSyte.Hosting.Listening;

/// <summary>The endpoints of a service. Section "Listen".</summary>
public sealed class ListenerOptions
{
    public const string Section = "Listen";

    /// <value>
    /// IP address. The default is loopback; any other address requires credentials or Security:AllowAnonymous.
    /// </value>
    [Required]
    public string Address { get; set; } = "127.0.0.1";

    /// <value>
    /// TCP port for gRPC. 0 picks a free port, which the log line "Now listening on" names. Null is the service's
    /// default port, or no port if <see cref="UnixSocket"/> is set.
    /// </value>
    [Range(0, 65535)]
    public int? Port { get; set; }

    /// <value>Absolute path of a Unix domain socket for local callers; null for none.</value>
    public string? UnixSocket { get; set; }

    /// <value>Octal permissions of the socket. Everyone who can open it can make every call.</value>
    [RegularExpression("^[0-7]{3}$")]
    public string UnixSocketMode { get; set; } = "600";

    /// <value>
    /// TCP port for HTTP with JSON, for curl and browsers; encrypted if a certificate is set. Null, the default, for
    /// none.
    /// </value>
    [Range(0, 65535)]
    public int? HttpPort { get; set; }

    /// <value>
    /// TCP port for grpc.health.v1 alone, without TLS and credentials, for Kubernetes probes; null for none.
    /// </value>
    [Range(0, 65535)]
    public int? HealthPort { get; set; }

    /// <summary>Whether the address is reachable from other machines.</summary>
    public bool IsReachable =>
        (Port is not null || HttpPort is not null)
        && !(IPAddress.TryParse(Address, out var address) && IPAddress.IsLoopback(address));

    /// <summary><see cref="UnixSocketMode"/> as a file mode.</summary>
    public UnixFileMode SocketMode => (UnixFileMode)Convert.ToInt32(UnixSocketMode, 8);
}

/// <summary>TLS of the listener. Changed PEM files are reloaded. Section "Listen:Tls".</summary>
public sealed class TlsOptions
{
    /// <summary>Name within the section of <see cref="ListenerOptions"/>.</summary>
    public const string Subsection = "Tls";

    public const string Section = $"{ListenerOptions.Section}:{Subsection}";

    /// <value>Path of the server certificate, followed by intermediate certificates; null for no TLS.</value>
    public string? CertificateFile { get; set; }

    /// <value>Path of the private key; null if it is in <see cref="CertificateFile"/>.</value>
    public string? KeyFile { get; set; }

    /// <value>
    /// Path of the certificate authorities of client certificates. Security:Certificates maps certificates to callers.
    /// </value>
    public string? ClientCaFile { get; set; }

    /// <value>
    /// Whether the handshake fails without a trusted client certificate, even for callers with keys or tokens.
    /// </value>
    public bool RequireClientCertificate { get; set; }
}

/// <summary>
/// Refuses endpoints that would admit more callers than configured, and invalid combinations of TLS settings.
/// </summary>
internal sealed class BindAddressCheck(
    AccessRules rules, IOptions<SecurityOptions> security, IOptions<TlsOptions> tls)
    : IValidateOptions<ListenerOptions>
{
    /// <inheritdoc />
    public ValidateOptionsResult Validate(string? name, ListenerOptions options) =>
        Problem(options) is { } problem ? ValidateOptionsResult.Fail(problem) : ValidateOptionsResult.Success;

    private string? Problem(ListenerOptions options)
    {
        if (!IPAddress.TryParse(options.Address, out _))
        {
            return "Listen:Address must be an IP address, for example 127.0.0.1, ::1 or 0.0.0.0.";
        }

        if (options.UnixSocket is { } path
            && (!Path.IsPathFullyQualified(path) || Encoding.UTF8.GetByteCount(path) > UnixSocket.MaxPathBytes))
        {
            return $"Listen:UnixSocket must be an absolute path of at most {UnixSocket.MaxPathBytes} bytes.";
        }

        if (rules.AllowAnonymous && !rules.IsOpen)
        {
            return "Security:AllowAnonymous cannot be combined with keys, tokens or certificates in Security, which "
                + "would have no effect. Remove one of them.";
        }

        if (options.IsReachable && rules.IsOpen && !rules.AllowAnonymous)
        {
            return $"Listen:Address {options.Address} is reachable from other machines, but no credentials are "
                + "configured. Set Security:ApiKeysFile (\"ForegSyte.JobService keys new\" creates a key), "
                + "Security:Jwt or Security:Certificates; or set Security:AllowAnonymous=true to make every caller an "
                + "admin.";
        }

        return CertificateProblem();
    }

    private string? CertificateProblem()
    {
        var hasCertificate = !string.IsNullOrEmpty(tls.Value.CertificateFile);
        var hasClientCa = !string.IsNullOrEmpty(tls.Value.ClientCaFile);
        return (hasCertificate, hasClientCa) switch
        {
            (false, true) => "Listen:Tls:ClientCaFile needs Listen:Tls:CertificateFile.",
            (false, false) when !string.IsNullOrEmpty(tls.Value.KeyFile) =>
                "Listen:Tls:KeyFile needs Listen:Tls:CertificateFile.",
            (_, false) when security.Value.Certificates.Count > 0 =>
                "Security:Certificates needs Listen:Tls:ClientCaFile with the authority of those certificates.",
            (_, false) when tls.Value.RequireClientCertificate =>
                "Listen:Tls:RequireClientCertificate needs Listen:Tls:ClientCaFile.",
            (_, true) when rules.IsOpen =>
                "Listen:Tls:ClientCaFile has no effect without Security:Certificates: list the client certificates "
                + "there.",
            _ => null,
        };
    }
}
