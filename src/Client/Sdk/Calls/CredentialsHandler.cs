namespace ForegSyte.Client.Calls;

/// <summary>Puts the client's key or token into each call, below all that logs.</summary>
internal sealed class CredentialsHandler(CallSecret secret, HttpMessageHandler inner) : DelegatingHandler(inner)
{
    /// <inheritdoc />
    protected override async Task<HttpResponseMessage> SendAsync(
        HttpRequestMessage request, CancellationToken cancellationToken)
    {
        await secret.AddToAsync(request, cancellationToken);
        return await base.SendAsync(request, cancellationToken);
    }
}
