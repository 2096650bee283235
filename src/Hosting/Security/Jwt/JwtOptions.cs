using System.ComponentModel.DataAnnotations;
using ForegSyte.Hosting.Configuration;
using ForegSyte.Protocol.Limits;
using ForegSyte.V1;

namespace ForegSyte.Hosting.Security.Jwt;

/// <summary>Which JSON Web Tokens are accepted (RFC 9068). Section "Security:Jwt".</summary>
public sealed class JwtOptions
{
    /// <summary>Name of the section in that of <see cref="SecurityOptions"/>.</summary>
    public const string Subsection = "Jwt";

    /// <summary>Name of the section.</summary>
    public const string Section = $"{SecurityOptions.Section}:{Subsection}";

    /// <value>Who makes the tokens: their "iss". Required where tokens are accepted.</value>
    public string? Issuer { get; set; }

    /// <value>Whom the tokens are for: their "aud". Required where tokens are accepted.</value>
    public string? Audience { get; set; }

    /// <value>
    /// Path of a file with the issuer's public keys, a JWKS or PEM; it is read again when it changes. This or
    /// <see cref="MetadataAddress"/>.
    /// </value>
    public string? KeysFile { get; set; }

    /// <value>
    /// The issuer's OpenID Connect metadata, "https://…/.well-known/openid-configuration"; http only on the loopback.
    /// </value>
    public Uri? MetadataAddress { get; set; }

    /// <value>The claim that names the caller in the audit log.</value>
    [Required]
    public string CallerClaim { get; set; } = "sub";

    /// <value>The claim that names the tenant.</value>
    [Required]
    public string TenantClaim { get; set; } = "tenant";

    /// <value>
    /// The claim with permissions: a list, or words with spaces between as "scope" has them. Words that are none of
    /// submit, read and admin are passed over.
    /// </value>
    [Required]
    public string PermissionsClaim { get; set; } = "permissions";

    /// <value>What a permission begins with in a token, for example "foregsyte:"; empty for nothing.</value>
    public string PermissionPrefix { get; set; } = "";

    /// <value>How far the clocks of the issuer and of this server may differ.</value>
    [TimeRange("00:00:00", "00:10:00")]
    [Limit(
        "", "How far the times of a token may lie off this server's clock; past it the call is refused.",
        Reason = ErrorReason.Unauthenticated)]
    public TimeSpan ClockSkew { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Whether tokens are accepted.</summary>
    public bool IsUsed => Issuer is not null || Audience is not null || KeysFile is not null
        || MetadataAddress is not null;
}
