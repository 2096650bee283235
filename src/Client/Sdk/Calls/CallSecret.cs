using System.Text;

namespace ForegSyte.Client.Calls;

/// <summary>The key or token of calls, and the header that it goes in.</summary>
/// <param name="header">Name of the header.</param>
/// <param name="prefix">What stands before the secret.</param>
/// <param name="setting">The setting that it comes from, for messages.</param>
/// <param name="read">Gives the secret for one call.</param>
internal sealed class CallSecret(
    string header, string prefix, string setting, Func<CancellationToken, ValueTask<string>> read)
{
    private const string ApiKeyHeader = "x-api-key";
    private const int MaxFileBytes = 65536;

    /// <summary>The secret of these settings; null where there is none.</summary>
    /// <exception cref="ArgumentException">A file cannot be read, or is not what it has to be.</exception>
    public static CallSecret? Of(ForegSyteClientOptions options)
    {
        var credentials = options.Credentials;
        return credentials switch
        {
            { ApiKey: { } key } => new CallSecret(
                ApiKeyHeader, "", nameof(credentials.ApiKey), _ => ValueTask.FromResult(key)),
            { ApiKeyFile: { } path } => new CallSecret(
                ApiKeyHeader, "", nameof(credentials.ApiKeyFile), FileOf(path, options)),
            { ApiKeyProvider: { } provider } => new CallSecret(
                ApiKeyHeader, "", nameof(credentials.ApiKeyProvider), provider),
            { BearerToken: { } token } => new CallSecret(
                "Authorization", "Bearer ", nameof(credentials.BearerToken), token),
            _ => null,
        };
    }

    /// <summary>Whether this can go in a header: it is printable ASCII without spaces.</summary>
    public static bool IsWellFormed(string? secret) =>
        !string.IsNullOrEmpty(secret) && secret.All(letter => letter is >= '!' and <= '~');

    /// <summary>The key in a file.</summary>
    /// <exception cref="ArgumentException">It cannot be read, or has no key; what it has is not told.</exception>
    public static string ReadFile(string path)
    {
        const string Setting = nameof(ClientCredentials.ApiKeyFile);
        try
        {
            using var file = File.OpenRead(path);
            var bytes = new byte[MaxFileBytes];
            var secret = Encoding.UTF8.GetString(bytes, 0, file.ReadAtLeast(bytes, bytes.Length, false)).Trim();
            return IsWellFormed(secret)
                ? secret
                : throw new ArgumentException(
                    $"{Setting} '{path}' has no API key: one line is needed, printable and without spaces.");
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new ArgumentException($"{Setting} '{path}' cannot be read: {failure.Message}", failure);
        }
    }

    /// <summary>Puts the secret into a request.</summary>
    /// <exception cref="SecretUnavailableException">There is none.</exception>
    public async ValueTask AddToAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        string secret;
        try
        {
            secret = await read(cancellationToken);
        }
        catch (Exception failure) when (!cancellationToken.IsCancellationRequested)
        {
            throw new SecretUnavailableException(
                $"The call was not made, since {setting} failed: {failure.Message}", failure);
        }

        if (!IsWellFormed(secret))
        {
            throw new SecretUnavailableException(
                $"The call was not made, since {setting} gave none: it has to be printable, without spaces.");
        }

        request.Headers.TryAddWithoutValidation(header, prefix + secret);
    }

    private static Func<CancellationToken, ValueTask<string>> FileOf(string path, ForegSyteClientOptions options)
    {
        var file = new ApiKeyFile(path, options.TimeProvider, options.LoggerFactory);
        return _ => ValueTask.FromResult(file.Read());
    }
}
