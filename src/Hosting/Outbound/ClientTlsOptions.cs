namespace ForegSyte.Hosting.Outbound;

/// <summary>TLS of calls to another service, from PEM files that are read again when they change.</summary>
public sealed class ClientTlsOptions
{
    /// <value>
    /// Path of the authorities that may have signed the other service's certificate; null for those of the system.
    /// </value>
    public string? CaFile { get; set; }

    /// <value>Path of the certificate that this service shows, for mutual TLS; null for none.</value>
    public string? CertificateFile { get; set; }

    /// <value>Path of the certificate's private key; null where it is in <see cref="CertificateFile"/>.</value>
    public string? KeyFile { get; set; }

    /// <value>How often the files are looked at for a change.</value>
    [Configuration.TimeRange("00:00:00.0200000", "01:00:00")]
    public TimeSpan FilePollInterval { get; set; } = TimeSpan.FromSeconds(5);
}
