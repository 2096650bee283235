using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using ForegSyte.Hosting.Configuration;
using ForegSyte.Hosting.Security.Certificates;
using Microsoft.Extensions.Logging;

namespace ForegSyte.Hosting.Outbound;

/// <summary>
/// TLS of calls to another service: connections that are made after a change of the files have the new certificates.
/// </summary>
public sealed class ClientTls : IDisposable
{
    private readonly WatchedFile<PemCertificate>? _certificate;
    private readonly WatchedFile<CertificateTrust>? _authorities;

    /// <summary>Reads the files.</summary>
    /// <param name="section">Name of the section that the options come from, for messages.</param>
    /// <param name="options">Which files.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">Where changes are told.</param>
    /// <exception cref="InvalidFileException">A file cannot be read, or is not what it has to be.</exception>
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
                PemCertificate.Parse, options.FilePollInterval, time, logger);
        }
    }

    /// <summary>What handshakes are made with.</summary>
    public SslClientAuthenticationOptions ForConnections()
    {
        var settings = new SslClientAuthenticationOptions
        {
            EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
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

    /// <summary>
    /// Only the chain is judged anew, by the authorities of the file; the name has to be the server's.
    /// </summary>
    private bool Trusts(X509Certificate? certificate, X509Chain? chain, SslPolicyErrors problems) =>
        (problems & ~SslPolicyErrors.RemoteCertificateChainErrors) == SslPolicyErrors.None
        && certificate is X509Certificate2 shown
        && _authorities!.Current.TrustsServer(shown, chain?.ChainPolicy.ExtraStore ?? []);
}
