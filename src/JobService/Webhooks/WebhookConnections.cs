using System.Net;
using ForegSyte.Jobs.Fetching;
using Microsoft.Extensions.Options;

namespace ForegSyte.Jobs.Webhooks;

/// <summary>Sends messages: HTTP/1.1 on a new, checked connection each (<see cref="CheckedHandler"/>).</summary>
internal sealed class WebhookConnections(
    IHostResolver resolver, IOptions<WebhookOptions> options, ILogger<CheckedConnector> logger) : IDisposable
{
    /// <summary>Why no connection is made to an address that is not public. It must not name the address.</summary>
    public const string AddressRefusal =
        "The host is neither on the public internet nor in a network that this server allows (option "
        + "Webhooks:AllowedNetworks).";

    private readonly HttpMessageInvoker _client = new(CheckedHandler.Create(
        new CheckedConnector(resolver, new AddressRules(options.Value.AllowedNetworks), logger),
        options.Value.ConnectTimeout, options.Value.MaxHeaderKibibytes, options.Value.CertificateAuthorities));

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
