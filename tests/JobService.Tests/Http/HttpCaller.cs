using System.Net;
using System.Net.Http.Headers;
using System.Text;
using ForegSyte.Client;
using ForegSyte.Client.Calls;

namespace ForegSyte.Jobs.Tests.Http;

/// <summary>Somebody who calls over HTTP with JSON.</summary>
internal sealed class HttpCaller(Uri address, ClientCredentials? credentials = null) : IDisposable
{
    private readonly HttpClient _client = new(HandlerOf(credentials ?? new ClientCredentials()))
    {
        BaseAddress = address,
    };

    /// <summary>The version of HTTP that is spoken.</summary>
    public Version Version { get; init; } = HttpVersion.Version11;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => _client.Dispose();

    public Task<HttpReply> GetAsync(string path, params (string Name, string Value)[] headers) =>
        SendAsync("GET", path, null, headers);

    public Task<HttpReply> DeleteAsync(string path) => SendAsync("DELETE", path, null);

    public Task<HttpReply> PostAsync(string path, string json = "{}", params (string Name, string Value)[] headers) =>
        SendAsync("POST", path, Json(json), headers);

    public Task<HttpReply> SendBytesAsync(string verb, string path, byte[] bytes, string? type = null)
    {
        var content = new ByteArrayContent(bytes);
        content.Headers.ContentType = type is null ? null : MediaTypeHeaderValue.Parse(type);
        return SendAsync(verb, path, content);
    }

    public async Task<HttpReply> SendAsync(
        string verb, string path, HttpContent? content, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(new HttpMethod(verb), path)
        {
            Content = content,
            Version = Version,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        foreach (var (name, value) in headers)
        {
            Assert.True(request.Headers.TryAddWithoutValidation(name, value));
        }

        using var response = await _client.SendAsync(request, Cancellation);
        return new HttpReply(
            (int)response.StatusCode,
            response.Headers.Concat(response.Content.Headers).ToDictionary(
                header => header.Key, header => string.Join(", ", header.Value), StringComparer.OrdinalIgnoreCase),
            await response.Content.ReadAsStringAsync(Cancellation));
    }

    public static StringContent Json(string json) => new(json, Encoding.UTF8, "application/json");

    private static HttpMessageHandler HandlerOf(ClientCredentials credentials)
    {
        var sockets = new SocketsHttpHandler { SslOptions = TlsSettings.For(credentials) };
        return AuthenticationHeader.From(new ForegSyteClientOptions { Credentials = credentials }) is { } secret
            ? new AuthenticationHandler(secret, sockets)
            : sockets;
    }
}
