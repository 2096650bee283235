using System.Net;
using System.Net.Http.Headers;
using System.Text;
using ForegSyte.Client;
using ForegSyte.Client.Calls;
using ForegSyte.Hosting.Http;
using ForegSyte.Protocol.Json;
using ForegSyte.V1;
using Google.Protobuf;
using Google.Rpc;
using Xunit;

namespace ForegSyte.Testing;

/// <summary>A client for HTTP with JSON.</summary>
/// <param name="address">Address of the service.</param>
/// <param name="credentials">Credentials; null for none.</param>
public sealed class HttpCaller(Uri address, ClientCredentials? credentials = null) : IDisposable
{
    private readonly HttpClient _client = new(HandlerOf(credentials ?? new ClientCredentials()))
    {
        BaseAddress = address,
    };

    /// <summary>HTTP version.</summary>
    public Version Version { get; init; } = HttpVersion.Version11;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <inheritdoc />
    public void Dispose() => _client.Dispose();

    /// <summary>Sends a GET request.</summary>
    public Task<HttpReply> GetAsync(string path, params (string Name, string Value)[] headers) =>
        SendAsync("GET", path, null, headers);

    /// <summary>Sends a DELETE request.</summary>
    public Task<HttpReply> DeleteAsync(string path) => SendAsync("DELETE", path, null);

    /// <summary>Sends a POST request with JSON.</summary>
    public Task<HttpReply> PostAsync(string path, string json = "{}", params (string Name, string Value)[] headers) =>
        SendAsync("POST", path, Json(json), headers);

    /// <summary>Sends a request with a raw body.</summary>
    public Task<HttpReply> SendBytesAsync(string verb, string path, byte[] bytes, string? type = null)
    {
        var content = new ByteArrayContent(bytes);
        content.Headers.ContentType = type is null ? null : MediaTypeHeaderValue.Parse(type);
        return SendAsync(verb, path, content);
    }

    /// <summary>Sends a request.</summary>
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
            Assert.True(request.Headers.TryAddWithoutValidation(name, value), $"{name} is not a valid header.");
        }

        using var response = await _client.SendAsync(request, Cancellation);
        return new HttpReply(
            (int)response.StatusCode,
            response.Headers.Concat(response.Content.Headers).ToDictionary(
                header => header.Key, header => string.Join(", ", header.Value), StringComparer.OrdinalIgnoreCase),
            await response.Content.ReadAsStringAsync(Cancellation));
    }

    /// <summary>A body of JSON.</summary>
    public static StringContent Json(string json) => new(json, Encoding.UTF8, "application/json");

    private static HttpMessageHandler HandlerOf(ClientCredentials credentials)
    {
        var sockets = new SocketsHttpHandler { SslOptions = TlsSettings.For(credentials) };
        return AuthenticationHeader.From(new ForegSyteClientOptions { Credentials = credentials }) is { } secret
            ? new AuthenticationHandler(secret, sockets)
            : sockets;
    }
}

/// <summary>A response over HTTP.</summary>
/// <param name="Status">Status code.</param>
/// <param name="Headers">Headers, including those of the content.</param>
/// <param name="Body">Body.</param>
public sealed record HttpReply(int Status, IReadOnlyDictionary<string, string> Headers, string Body)
{
    /// <summary>The message of a successful response.</summary>
    public T Read<T>()
        where T : IMessage<T>, new()
    {
        Assert.True(Status == 200, $"{Status} {Body}");
        AssertIsJson();
        return ForegSyteJson.StrictParser.Parse<T>(Body);
    }

    /// <summary>The error of a failed response, after checking that it matches the published list of errors.</summary>
    public Refusal ReadError()
    {
        Assert.InRange(Status, 400, 599);
        AssertIsJson();
        var refusal = Refusal.ReadJson(Body, Status);
        Assert.Equal(
            refusal.Status.GetDetail<RetryInfo>() is { } retry
                ? $"{Math.Ceiling(retry.RetryDelay.ToTimeSpan().TotalSeconds)}"
                : null,
            Headers.GetValueOrDefault("Retry-After"));

        // For UNIMPLEMENTED, HTTP distinguishes an unknown path from an unknown verb.
        if (refusal.Reason != ErrorReason.Unimplemented)
        {
            Assert.Equal(HttpStatus.CodeOf(refusal.Reason), Status);
        }

        return refusal;
    }

    private void AssertIsJson()
    {
        Assert.Equal("application/json", Headers["Content-Type"]);
        Assert.Equal("no-store", Headers["Cache-Control"]);
        Assert.Equal("nosniff", Headers["X-Content-Type-Options"]);
    }
}
