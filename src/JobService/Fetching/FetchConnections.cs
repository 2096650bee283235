using System.Net;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Options;

namespace ForegSyte.Jobs.Fetching;

/// <summary>
/// The HTTP client that fetches from other servers: HTTP/1.1 over TLS on a new, checked connection for each request
/// (<see cref="CheckedHandler"/>).
/// </summary>
internal sealed class FetchConnections(CheckedConnector connector, IOptions<SourcesOptions> options) : IDisposable
{
    private readonly HttpMessageInvoker _client = new(CheckedHandler.Create(
        connector, options.Value.ConnectTimeout, options.Value.MaxHeaderKibibytes,
        options.Value.CertificateAuthorities));

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
}

/// <summary>
/// Creates the handler of requests to other servers. It connects to checked addresses, on a new connection for each
/// request; it sends nothing of this machine (no proxy of the environment, cookie, credential or trace id) and does
/// nothing that a response asks for (redirects, decompression, downloads that a certificate names).
/// </summary>
internal static class CheckedHandler
{
    /// <summary>Creates the handler.</summary>
    /// <param name="connector">Connects to allowed addresses.</param>
    /// <param name="connectTimeout">Timeout of name resolution, TCP and TLS.</param>
    /// <param name="maxHeaderKibibytes">Maximum size of the head of a response in KiB.</param>
    /// <param name="certificateAuthorities">PEM file of the trusted authorities; empty for the system's.</param>
    public static SocketsHttpHandler Create(
        CheckedConnector connector, TimeSpan connectTimeout, int maxHeaderKibibytes,
        string certificateAuthorities) => new()
        {
            ConnectCallback = connector.ConnectAsync,
            ConnectTimeout = connectTimeout,
            PooledConnectionLifetime = TimeSpan.Zero,
            MaxResponseHeadersLength = maxHeaderKibibytes,
            MaxResponseDrainSize = 0,
            AllowAutoRedirect = false,
            AutomaticDecompression = DecompressionMethods.None,
            UseCookies = false,
            UseProxy = false,
            PreAuthenticate = false,
            Credentials = null,
            ActivityHeadersPropagator = null,
            SslOptions = new SslClientAuthenticationOptions
            {
                CertificateChainPolicy = ChainPolicyOf(certificateAuthorities),
            },
        };

    /// <summary>No certificate makes the service connect anywhere: no missing issuer, no revocation list.</summary>
    private static X509ChainPolicy ChainPolicyOf(string certificateAuthorities)
    {
        var policy = new X509ChainPolicy
        {
            RevocationMode = X509RevocationMode.NoCheck,
            DisableCertificateDownloads = true,
        };
        if (certificateAuthorities.Length > 0)
        {
            policy.TrustMode = X509ChainTrustMode.CustomRootTrust;
            policy.CustomTrustStore.ImportFromPemFile(certificateAuthorities);
        }

        return policy;
    }
}
