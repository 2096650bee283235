using ForegSyte.Hosting.Configuration;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace ForegSyte.Hosting.Security.ApiKeys;

/// <summary>All keys: those of the configuration, which stay, and those of the file, which is read again.</summary>
internal sealed class ApiKeyRing : IDisposable
{
    private readonly ApiKeySet _configured;
    private readonly WatchedFile<ApiKeySet>? _file;
    private readonly TimeProvider _time;

    public ApiKeyRing(IOptions<SecurityOptions> options, TimeProvider time, ILogger<ApiKeyRing> logger)
    {
        _time = time;
        _configured = ApiKeySet.From(options.Value.ApiKeys);
        if (options.Value.ApiKeysFile is { Length: > 0 } path)
        {
            _file = new WatchedFile<ApiKeySet>(
                "Security:ApiKeysFile", [path], contents => ApiKeyFile.Parse(contents[0]),
                options.Value.FilePollInterval, time, logger);
        }
    }

    /// <summary>The caller who has a key.</summary>
    /// <param name="text">The key as it was sent.</param>
    /// <exception cref="CredentialException">It is not one that is known now.</exception>
    public Caller Identify(string text)
    {
        if (!ApiKeyText.TryParse(text, out var key))
        {
            throw CredentialException.Malformed(
                $"What was sent is no API key: one has the form {ApiKeyText.Prefix}ID.SECRET, without spaces.");
        }

        var keys = _configured.Has(key.Id) ? _configured : _file?.Current ?? ApiKeySet.Empty;
        return keys.Identify(key, _time.GetUtcNow());
    }

    /// <inheritdoc />
    public void Dispose() => _file?.Dispose();
}
