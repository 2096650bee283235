using System.Net;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Options;

namespace ForegSyte.Jobs.Fetching;

/// <summary>
/// The only HTTP client for other servers: HTTP/1.1 over TLS on a new, checked connection for each request. It sends
/// nothing of this machine (no proxy of the environment, cookie, credential or trace id) and does nothing that a
/// response asks for (redirects, decompression, downloads that a certificate names).
/// </summary>
internal sealed class FetchConnections(CheckedConnector connector, IOptions<SourcesOptions> options) : IDisposable
{
    private readonly HttpMessageInvoker _client = new(HandlerOf(connector, options.Value));

    /// <summary>Sends a request and returns when the head of the response has arrived.</summary>
    public Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        request.Version = HttpVersion.Version11;
        request.VersionPolicy = HttpVersionPolicy.RequestVersionExact;
        request.Headers.ConnectionClose = true;
        request.Headers.AcceptEncoding.ParseAdd("identity");
        request.Headers.UserAgent.ParseAdd("ForegSyte");
        return _client.SendAsync(request, cancellationToken);
    }

    /// <inheritdoc />
    public void Dispose() => _client.Dispose();

    private static SocketsHttpHandler HandlerOf(CheckedConnector connector, SourcesOptions options) => new()
    {
        ConnectCallback = connector.ConnectAsync,
        ConnectTimeout = options.ConnectTimeout,
        PooledConnectionLifetime = TimeSpan.Zero,
        MaxResponseHeadersLength = options.MaxHeaderKibibytes,
        MaxResponseDrainSize = 0,
        AllowAutoRedirect = false,
        AutomaticDecompression = DecompressionMethods.None,
        UseCookies = false,
        UseProxy = false,
        PreAuthenticate = false,
        Credentials = null,
        ActivityHeadersPropagator = null,
        SslOptions = new SslClientAuthenticationOptions { CertificateChainPolicy = ChainPolicyOf(options) },
    };

    /// <summary>No certificate makes the service connect anywhere: no missing issuer, no revocation list.</summary>
    private static X509ChainPolicy ChainPolicyOf(SourcesOptions options)
    {
        var policy = new X509ChainPolicy
        {
            RevocationMode = X509RevocationMode.NoCheck,
            DisableCertificateDownloads = true,
        };
        if (options.CertificateAuthorities.Length > 0)
        {
            policy.TrustMode = X509ChainTrustMode.CustomRootTrust;
            policy.CustomTrustStore.ImportFromPemFile(options.CertificateAuthorities);
        }

        return policy;
    }
}
