using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using ForegSyte.Hosting.Configuration;
using ForegSyte.Hosting.Security;
using ForegSyte.Hosting.Security.Certificates;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace ForegSyte.Hosting.Listening;

/// <summary>TLS settings of the listener. New connections use the current content of the certificate files.</summary>
internal sealed class ServerTls : IDisposable
{
    private readonly TlsOptions _options;
    private readonly WatchedFile<PemCertificate>? _certificate;
    private readonly WatchedFile<CertificateTrust>? _clients;

    public ServerTls(
        IOptions<ListenerOptions> listener, IOptions<TlsOptions> options, IOptions<SecurityOptions> security,
        TimeProvider time, ILogger<ServerTls> logger)
    {
        // Reports invalid combinations of settings before problems with a file.
        _ = listener.Value;
        _options = options.Value;
        var interval = security.Value.FilePollInterval;
        if (_options.CertificateFile is { Length: > 0 } path)
        {
            _certificate = new WatchedFile<PemCertificate>(
                "Listen:Tls:CertificateFile", _options.KeyFile is { Length: > 0 } key ? [path, key] : [path],
                PemCertificate.Parse, interval, time, logger,
                secretPath: _options.KeyFile is { Length: > 0 } file ? file : path);
        }

        if (_options.ClientCaFile is { Length: > 0 } authorities)
        {
            _clients = new WatchedFile<CertificateTrust>(
                "Listen:Tls:ClientCaFile", [authorities], contents => CertificateTrust.Parse(contents[0]), interval,
                time, logger);
        }
    }

    /// <summary>Whether connections are encrypted.</summary>
    public bool IsUsed => _certificate is not null;

    /// <summary>Authorities of client certificates; null if client certificates are not requested.</summary>
    public CertificateTrust? ClientTrust => _clients?.Current;

    /// <summary>Settings for the handshake of a connection.</summary>
    /// <param name="protocols">Application protocols in order of preference.</param>
    public SslServerAuthenticationOptions ForConnection(params List<SslApplicationProtocol> protocols) => new()
    {
        ServerCertificateContext = _certificate!.Current.Context,
        EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
        CipherSuitesPolicy = TlsCipherSuites.Policy,
        ApplicationProtocols = protocols,
        ClientCertificateRequired = _clients is not null,
        CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
        RemoteCertificateValidationCallback = (_, certificate, _, _) => AcceptsClient(certificate),
    };

    /// <inheritdoc />
    public void Dispose()
    {
        _certificate?.Dispose();
        _clients?.Dispose();
    }

    /// <summary>
    /// Accepts every certificate unless RequireClientCertificate is set: authentication then fails with UNAUTHENTICATED
    /// and a reason, whereas a failed handshake explains nothing.
    /// </summary>
    private bool AcceptsClient(X509Certificate? certificate) => !_options.RequireClientCertificate
        || (certificate is X509Certificate2 presented && _clients!.Current.TrustsClient(presented));
}
