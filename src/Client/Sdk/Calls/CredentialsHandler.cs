using System.Net.Http.Headers;

namespace ForegSyte.Client.Calls;

/// <summary>Puts the client's key or token into each call.</summary>
internal sealed class CredentialsHandler(ClientCredentials credentials, HttpMessageHandler inner)
    : DelegatingHandler(inner)
{
    private const string ApiKeyHeader = "x-api-key";

    /// <inheritdoc />
    protected override async Task<HttpResponseMessage> SendAsync(
        HttpRequestMessage request, CancellationToken cancellationToken)
    {
        if (credentials.ApiKey is { } key)
        {
            request.Headers.Add(ApiKeyHeader, key);
        }
        else if (credentials.BearerToken is { } token)
        {
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", await token(cancellationToken));
        }

        return await base.SendAsync(request, cancellationToken);
    }
}
