using System.Text.Encodings.Web;
using ForegSyte.Hosting.Configuration;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace ForegSyte.Hosting.Security.ApiKeys;

/// <summary>Authenticates callers by API key.</summary>
internal sealed class ApiKeyHandler(
    ApiKeyStore ring, IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory loggers, UrlEncoder encoder)
    : AuthenticationHandler<AuthenticationSchemeOptions>(options, loggers, encoder)
{
    /// <inheritdoc />
    protected override Task<AuthenticateResult> HandleAuthenticateAsync()
    {
        try
        {
            var caller = ring.Identify(PresentedCredentials.ApiKey(Request.Headers) ?? "");
            return Task.FromResult(CallerTickets.Success(caller, Scheme.Name));
        }
        catch (CredentialException refusal)
        {
            return Task.FromResult(AuthenticateResult.Fail(refusal));
        }
    }
}

/// <summary>All API keys: the fixed ones of the configuration and the reloaded ones of the file.</summary>
internal sealed class ApiKeyStore : IDisposable
{
    private readonly ApiKeySet _configured;
    private readonly WatchedFile<ApiKeySet>? _file;
    private readonly TimeProvider _time;

    public ApiKeyStore(IOptions<SecurityOptions> options, TimeProvider time, ILogger<ApiKeyStore> logger)
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

    /// <summary>Finds the caller of a key.</summary>
    /// <param name="text">The key as the caller sent it.</param>
    /// <exception cref="CredentialException">The key is malformed, unknown or expired.</exception>
    public Caller Identify(string text)
    {
        if (!ApiKeyText.TryParse(text, out var key))
        {
            throw CredentialException.Malformed(
                $"The API key is malformed. Send {ApiKeyText.Prefix}ID.SECRET without spaces.");
        }

        var keys = _configured.Has(key.Id) ? _configured : _file?.Current ?? ApiKeySet.Empty;
        return keys.Identify(key, _time.GetUtcNow());
    }

    /// <inheritdoc />
    public void Dispose() => _file?.Dispose();
}
