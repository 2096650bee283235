using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using ForegSyte.Hosting.Configuration;
using ForegSyte.Hosting.Security;
using ForegSyte.Hosting.Security.Certificates;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace ForegSyte.Hosting.Listening;

/// <summary>
/// TLS of the listener with the certificates that its files have now: connections that are made after a change have the
/// new ones.
/// </summary>
internal sealed class ServerTls : IDisposable
{
    private readonly TlsOptions _options;
    private readonly WatchedFile<PemCertificate>? _certificate;
    private readonly WatchedFile<CertificateTrust>? _clients;

    public ServerTls(
        IOptions<ListenerOptions> listener, IOptions<TlsOptions> options, IOptions<SecurityOptions> security,
        TimeProvider time, ILogger<ServerTls> logger)
    {
        // Settings that do not go together are told before what is wrong with a file.
        _ = listener.Value;
        _options = options.Value;
        var interval = security.Value.FilePollInterval;
        if (_options.CertificateFile is { Length: > 0 } path)
        {
            _certificate = new WatchedFile<PemCertificate>(
                "Listen:Tls:CertificateFile", _options.KeyFile is { Length: > 0 } key ? [path, key] : [path],
                PemCertificate.Parse, interval, time, logger);
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

    /// <summary>The authorities of client certificates; null where none are asked for.</summary>
    public CertificateTrust? ClientTrust => _clients?.Current;

    /// <summary>What the handshake of a connection is made with.</summary>
    /// <param name="protocols">What may be spoken on it, the best first.</param>
    public SslServerAuthenticationOptions ForConnection(params List<SslApplicationProtocol> protocols) => new()
    {
        ServerCertificateContext = _certificate!.Current.Context,
        EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
        ApplicationProtocols = protocols,
        ClientCertificateRequired = _clients is not null,
        CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
        RemoteCertificateValidationCallback = (_, certificate, _, _) => LetIn(certificate),
    };

    /// <inheritdoc />
    public void Dispose()
    {
        _certificate?.Dispose();
        _clients?.Dispose();
    }

    /// <summary>
    /// Unless certificates are required, the handshake lets every one in: its calls are answered UNAUTHENTICATED then,
    /// with what is wrong with it, where a handshake that fails would tell nothing.
    /// </summary>
    private bool LetIn(X509Certificate? certificate) => !_options.RequireClientCertificate
        || (certificate is X509Certificate2 shown && _clients!.Current.TrustsClient(shown));
}
