using ForegSyte.Hosting.Security.Jwt;
using Microsoft.Extensions.Options;

namespace ForegSyte.Hosting.Security;

/// <summary>What the settings of <see cref="SecurityOptions"/> and its parts come to.</summary>
internal sealed class AccessRules(IOptions<SecurityOptions> security, IOptions<JwtOptions> jwt)
{
    /// <summary>Whether nothing says who may call, so that everyone who gets through is let in.</summary>
    public bool IsOpen { get; } =
        !security.Value.HasApiKeys && security.Value.Certificates.Count == 0 && !jwt.Value.IsUsed;

    /// <summary>Whether JSON Web Tokens are accepted.</summary>
    public bool HasJwt { get; } = jwt.Value.IsUsed;

    /// <summary>Whether everyone is let in by name.</summary>
    public bool AllowAnonymous { get; } = security.Value.AllowAnonymous;
}
