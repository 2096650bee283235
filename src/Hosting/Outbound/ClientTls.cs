using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using ForegSyte.Hosting.Configuration;
using ForegSyte.Hosting.Security.Certificates;
using Microsoft.Extensions.Logging;

namespace ForegSyte.Hosting.Outbound;

/// <summary>
/// TLS settings of calls to another service. New connections use the current content of the certificate files.
/// </summary>
public sealed class ClientTls : IDisposable
{
    private readonly WatchedFile<PemCertificate>? _certificate;
    private readonly WatchedFile<CertificateTrust>? _authorities;

    /// <summary>Reads the files.</summary>
    /// <param name="section">Name of the options' section, for error messages.</param>
    /// <param name="options">The files.</param>
    /// <param name="time">Clock.</param>
    /// <param name="logger">Logger for reloads.</param>
    /// <exception cref="InvalidFileException">A file is unreadable or invalid.</exception>
    public ClientTls(string section, ClientTlsOptions options, TimeProvider time, ILogger logger)
    {
        if (options.CaFile is { Length: > 0 } authorities)
        {
            _authorities = new WatchedFile<CertificateTrust>(
                $"{section}:CaFile", [authorities], contents => CertificateTrust.Parse(contents[0]),
                options.FilePollInterval, time, logger);
        }

        if (options.CertificateFile is { Length: > 0 } path)
        {
            _certificate = new WatchedFile<PemCertificate>(
                $"{section}:CertificateFile", options.KeyFile is { Length: > 0 } key ? [path, key] : [path],
                PemCertificate.Parse, options.FilePollInterval, time, logger,
                secretPath: options.KeyFile is { Length: > 0 } file ? file : path);
        }
    }

    /// <summary>Settings for handshakes.</summary>
    public SslClientAuthenticationOptions ForConnections()
    {
        var settings = new SslClientAuthenticationOptions
        {
            EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
            CipherSuitesPolicy = TlsCipherSuites.Policy,
            CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
        };
        if (_authorities is not null)
        {
            settings.RemoteCertificateValidationCallback = (_, certificate, chain, problems) =>
                Trusts(certificate, chain, problems);
        }

        if (_certificate is not null)
        {
            settings.LocalCertificateSelectionCallback = (_, _, _, _, _) => _certificate.Current.Certificate;
        }

        return settings;
    }

    /// <inheritdoc />
    public void Dispose()
    {
        _authorities?.Dispose();
        _certificate?.Dispose();
    }

    /// <summary>Replaces only the validation of the chain; the name must still match the server.</summary>
    private bool Trusts(X509Certificate? certificate, X509Chain? chain, SslPolicyErrors problems) =>
        (problems & ~SslPolicyErrors.RemoteCertificateChainErrors) == SslPolicyErrors.None
        && certificate is X509Certificate2 presented
        && _authorities!.Current.TrustsServer(presented, chain?.ChainPolicy.ExtraStore ?? []);
}

/// <summary>TLS of calls to another service. Changed PEM files are reloaded.</summary>
public class ClientTlsOptions
{
    /// <value>Path of the certificate authorities of the other service; null for those of the system.</value>
    public string? CaFile { get; set; }

    /// <value>Path of this service's client certificate for mutual TLS; null for none.</value>
    public string? CertificateFile { get; set; }

    /// <value>Path of the private key; null if it is in <see cref="CertificateFile"/>.</value>
    public string? KeyFile { get; set; }

    /// <value>How often the files are checked for changes.</value>
    [Configuration.TimeRange("00:00:00.0200000", "01:00:00")]
    public TimeSpan FilePollInterval { get; set; } = TimeSpan.FromSeconds(5);
}
