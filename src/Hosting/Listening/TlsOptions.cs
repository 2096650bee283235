namespace ForegSyte.Hosting.Listening;

/// <summary>
/// TLS of the listener, from PEM files that are read again when they change. Section "Listen:Tls".
/// </summary>
public sealed class TlsOptions
{
    /// <summary>Name of the section in that of <see cref="ListenerOptions"/>.</summary>
    public const string Subsection = "Tls";

    /// <summary>Name of the section.</summary>
    public const string Section = $"{ListenerOptions.Section}:{Subsection}";

    /// <value>
    /// Path of the service's certificate, with the intermediate ones after it; null for HTTP/2 without TLS.
    /// </value>
    public string? CertificateFile { get; set; }

    /// <value>Path of the certificate's private key; null where it is in <see cref="CertificateFile"/>.</value>
    public string? KeyFile { get; set; }

    /// <value>
    /// Path of the authorities whose client certificates are accepted; Security:Certificates says who their holders
    /// are.
    /// </value>
    public string? ClientCaFile { get; set; }

    /// <value>
    /// Whether a connection without such a certificate is refused in its handshake, also for callers who have keys or
    /// tokens.
    /// </value>
    public bool RequireClientCertificate { get; set; }
}
