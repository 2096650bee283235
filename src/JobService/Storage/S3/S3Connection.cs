using System.Security.Cryptography.X509Certificates;
using Amazon;
using Amazon.Runtime;
using Amazon.S3;
using Microsoft.Extensions.Options;

namespace ForegSyte.Jobs.Storage.S3;

/// <summary>The client of the S3 server: addresses, credentials, certificates, timeouts and retries.</summary>
internal sealed class S3Connection : IDisposable
{
    /// <summary>Time after which a connection is renewed, so that changes of the server's addresses are noticed.
    /// </summary>
    private static readonly TimeSpan ConnectionLifetime = TimeSpan.FromMinutes(5);

    private readonly HttpClient _http;

    public S3Connection(IOptions<S3StorageOptions> options)
    {
        var settings = options.Value;
        _http = new HttpClient(HandlerOf(settings)) { Timeout = settings.RequestTimeout };
        var config = new AmazonS3Config
        {
            AuthenticationRegion = settings.Region,
            ForcePathStyle = settings.PathStyle,
            RetryMode = RequestRetryMode.Standard,
            MaxErrorRetry = settings.MaxRetries,
            HttpClientFactory = new SharedClient(_http),

            // Servers other than AWS refuse the checksums that the SDK would add to every request.
            RequestChecksumCalculation = RequestChecksumCalculation.WHEN_REQUIRED,
            ResponseChecksumValidation = ResponseChecksumValidation.WHEN_REQUIRED,
        };
        if (settings.Endpoint.Length > 0)
        {
            config.ServiceURL = settings.Endpoint;
        }
        else
        {
            config.RegionEndpoint = RegionEndpoint.GetBySystemName(settings.Region);
        }

        Client = settings.AccessKeyFile.Length > 0
            ? new AmazonS3Client(new FileCredentials(settings.AccessKeyFile, settings.SecretKeyFile), config)
            : new AmazonS3Client(config);
    }

    /// <summary>The client; it is thread-safe.</summary>
    public IAmazonS3 Client { get; }

    /// <inheritdoc />
    public void Dispose()
    {
        Client.Dispose();
        _http.Dispose();
    }

    private static SocketsHttpHandler HandlerOf(S3StorageOptions options)
    {
        var handler = new SocketsHttpHandler
        {
            ConnectTimeout = options.ConnectTimeout,
            PooledConnectionLifetime = ConnectionLifetime,
            AllowAutoRedirect = false,
            UseCookies = false,
            ActivityHeadersPropagator = null,
        };
        if (options.CertificateAuthorities.Length > 0)
        {
            var policy = new X509ChainPolicy
            {
                RevocationMode = X509RevocationMode.NoCheck,
                TrustMode = X509ChainTrustMode.CustomRootTrust,
            };
            policy.CustomTrustStore.ImportFromPemFile(options.CertificateAuthorities);
            handler.SslOptions.CertificateChainPolicy = policy;
        }

        return handler;
    }

    /// <summary>Gives the SDK one HTTP client, which outlives the SDK's.</summary>
    private sealed class SharedClient(HttpClient client) : HttpClientFactory
    {
        public override HttpClient CreateHttpClient(IClientConfig clientConfig) => client;

        public override bool UseSDKHttpClientCaching(IClientConfig clientConfig) => false;

        public override bool DisposeHttpClientsAfterUse(IClientConfig clientConfig) => false;

        public override string? GetConfigUniqueString(IClientConfig clientConfig) => null;
    }

    /// <summary>Reads the keys from two files, for each request.</summary>
    private sealed class FileCredentials(string accessKeyFile, string secretKeyFile) : AWSCredentials
    {
        public override ImmutableCredentials GetCredentials() =>
            new(File.ReadAllText(accessKeyFile).Trim(), File.ReadAllText(secretKeyFile).Trim(), token: null);
    }
}
