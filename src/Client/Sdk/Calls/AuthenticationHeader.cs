using System.Text;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace ForegSyte.Client.Calls;

/// <summary>Adds the API key or bearer token to every request, below all layers that log.</summary>
internal sealed class AuthenticationHandler(AuthenticationHeader header, HttpMessageHandler inner)
    : DelegatingHandler(inner)
{
    protected override async Task<HttpResponseMessage> SendAsync(
        HttpRequestMessage request, CancellationToken cancellationToken)
    {
        await header.AddToAsync(request, cancellationToken);
        return await base.SendAsync(request, cancellationToken);
    }
}

/// <summary>The header that authenticates a call, and the source of its secret.</summary>
/// <param name="name">Name of the header.</param>
/// <param name="prefix">Text before the secret.</param>
/// <param name="setting">Setting that the secret comes from, for error messages.</param>
/// <param name="read">Reads the secret for one call.</param>
internal sealed class AuthenticationHeader(
    string name, string prefix, string setting, Func<CancellationToken, ValueTask<string>> read)
{
    private const string ApiKeyHeader = "x-api-key";

    /// <summary>Returns the header for these options, or null if they set neither key nor token.</summary>
    /// <exception cref="ArgumentException">The API key file cannot be read or holds no key.</exception>
    public static AuthenticationHeader? From(ForegSyteClientOptions options)
    {
        var credentials = options.Credentials;
        return credentials switch
        {
            { ApiKey: { } key } => new AuthenticationHeader(
                ApiKeyHeader, "", nameof(credentials.ApiKey), _ => ValueTask.FromResult(key)),
            { ApiKeyFile: { } path } => new AuthenticationHeader(
                ApiKeyHeader, "", nameof(credentials.ApiKeyFile), ReaderOf(path, options)),
            { ApiKeyProvider: { } provider } => new AuthenticationHeader(
                ApiKeyHeader, "", nameof(credentials.ApiKeyProvider), provider),
            { BearerToken: { } token } => new AuthenticationHeader(
                "Authorization", "Bearer ", nameof(credentials.BearerToken), token),
            _ => null,
        };
    }

    /// <summary>Whether a secret is printable ASCII without spaces, as a header requires.</summary>
    public static bool IsWellFormed(string? secret) =>
        !string.IsNullOrEmpty(secret) && secret.All(letter => letter is >= '!' and <= '~');

    /// <summary>Adds the header to a request.</summary>
    /// <exception cref="CredentialUnavailableException">The secret cannot be read or is malformed.</exception>
    public async ValueTask AddToAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        string secret;
        try
        {
            secret = await read(cancellationToken);
        }
        catch (Exception failure) when (!cancellationToken.IsCancellationRequested)
        {
            throw new CredentialUnavailableException(
                $"The call was not sent because {setting} failed: {failure.Message}", failure);
        }

        if (!IsWellFormed(secret))
        {
            throw new CredentialUnavailableException(
                $"The call was not sent because {setting} returned a malformed key or token: it must be printable "
                + "ASCII without spaces.");
        }

        request.Headers.TryAddWithoutValidation(name, prefix + secret);
    }

    private static Func<CancellationToken, ValueTask<string>> ReaderOf(string path, ForegSyteClientOptions options)
    {
        var file = new ApiKeyFile(path, options.TimeProvider, options.LoggerFactory);
        return _ => ValueTask.FromResult(file.Read());
    }
}

/// <summary>
/// An API key file that may be replaced. It is read at an interval, whatever its modification time: a mounted secret is
/// a symbolic link, and its time stays the same when it points to another file.
/// </summary>
internal sealed class ApiKeyFile
{
    private const int MaxBytes = 65536;
    private static readonly TimeSpan ReadInterval = TimeSpan.FromSeconds(5);

    private readonly Lock _lock = new();
    private readonly string _path;
    private readonly TimeProvider _clock;
    private readonly ILogger _logger;
    private string _key;
    private long _readAt;

    /// <exception cref="ArgumentException">The file cannot be read or holds no key.</exception>
    public ApiKeyFile(string path, TimeProvider clock, ILoggerFactory? loggers)
    {
        _path = path;
        _clock = clock;
        _logger = (loggers ?? NullLoggerFactory.Instance).CreateLogger<ForegSyteClient>();
        _key = ReadKey(path);
        _readAt = clock.GetTimestamp();
    }

    /// <summary>Returns the key, at most <see cref="ReadInterval"/> old.</summary>
    public string Read()
    {
        lock (_lock)
        {
            // Measured by the monotonic clock: a wall clock set back would keep a replaced key.
            if (_clock.GetElapsedTime(_readAt) >= ReadInterval)
            {
                _readAt = _clock.GetTimestamp();
                Refresh();
            }

            return _key;
        }
    }

    /// <summary>Reads the key in a file.</summary>
    /// <exception cref="ArgumentException">
    /// The file cannot be read or holds no key. The message does not contain the content.
    /// </exception>
    public static string ReadKey(string path)
    {
        const string Setting = nameof(ClientCredentials.ApiKeyFile);
        try
        {
            using var file = File.OpenRead(path);
            var bytes = new byte[MaxBytes];
            var key = Encoding.UTF8.GetString(bytes, 0, file.ReadAtLeast(bytes, bytes.Length, false)).Trim();
            return AuthenticationHeader.IsWellFormed(key)
                ? key
                : throw new ArgumentException(
                    $"{Setting} '{path}' has no API key: it must contain one line, printable and without spaces.");
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new ArgumentException($"{Setting} '{path}' cannot be read: {failure.Message}", failure);
        }
    }

    private void Refresh()
    {
        try
        {
            _key = ReadKey(_path);
        }
        catch (ArgumentException failure)
        {
            // A file is missing for a moment while it is replaced. The server decides whether the last key is valid.
            _logger.LogWarning("API key not refreshed, calls keep using the last key: {Failure}", failure.Message);
        }
    }
}

/// <summary>The key or token of a call could not be read. The message never contains a secret.</summary>
internal sealed class CredentialUnavailableException(string message, Exception? cause = null)
    : Exception(message, cause);
