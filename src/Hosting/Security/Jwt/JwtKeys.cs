using ForegSyte.Hosting.Configuration;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.Tokens;

namespace ForegSyte.Hosting.Security.Jwt;

/// <summary>The issuer's keys as its file has them now; none where they come from its metadata.</summary>
internal sealed class JwtKeys : IDisposable
{
    private readonly WatchedFile<SigningKeys>? _file;

    public JwtKeys(
        IOptions<JwtOptions> options, IOptions<SecurityOptions> security, TimeProvider time, ILogger<JwtKeys> logger)
    {
        if (options.Value.KeysFile is { Length: > 0 } path)
        {
            _file = new WatchedFile<SigningKeys>(
                "Security:Jwt:KeysFile", [path], contents => SigningKeys.Parse(contents[0]),
                security.Value.FilePollInterval, time, logger);
        }
    }

    /// <summary>The keys.</summary>
    public IEnumerable<SecurityKey> Current => _file?.Current.Keys ?? [];

    /// <inheritdoc />
    public void Dispose() => _file?.Dispose();
}
