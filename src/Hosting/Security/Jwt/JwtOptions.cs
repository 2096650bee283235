using System.ComponentModel.DataAnnotations;
using ForegSyte.Hosting.Configuration;
using ForegSyte.Protocol.Limits;
using ForegSyte.V1;

namespace ForegSyte.Hosting.Security.Jwt;

/// <summary>Accepted JSON Web Tokens (RFC 9068). Section "Security:Jwt".</summary>
public sealed class JwtOptions
{
    /// <summary>Name within the section of <see cref="SecurityOptions"/>.</summary>
    public const string Subsection = "Jwt";

    public const string Section = $"{SecurityOptions.Section}:{Subsection}";

    /// <value>Required issuer ("iss") of tokens.</value>
    public string? Issuer { get; set; }

    /// <value>Required audience ("aud") of tokens.</value>
    public string? Audience { get; set; }

    /// <value>
    /// Path of a file with the issuer's public keys, as JWKS or PEM; reloaded when it changes. Either this or
    /// <see cref="MetadataAddress"/>.
    /// </value>
    public string? KeysFile { get; set; }

    /// <value>
    /// The issuer's OpenID Connect metadata, "https://…/.well-known/openid-configuration"; http on loopback only.
    /// </value>
    public Uri? MetadataAddress { get; set; }

    /// <value>Claim with the name of the caller for the audit log.</value>
    [Required]
    public string CallerClaim { get; set; } = "sub";

    /// <value>Claim with the tenant.</value>
    [Required]
    public string TenantClaim { get; set; } = "tenant";

    /// <value>
    /// Claim with permissions: a list of strings, or words separated by spaces as in "scope". Words other than submit,
    /// read and admin are ignored.
    /// </value>
    [Required]
    public string PermissionsClaim { get; set; } = "permissions";

    /// <value>Prefix of permissions in tokens, for example "foregsyte:"; empty for none.</value>
    public string PermissionPrefix { get; set; } = "";

    /// <value>Accepted difference between the clocks of the issuer and this server.</value>
    [TimeRange("00:00:00", "00:10:00")]
    [Limit(
        "", "Accepted clock difference for the times of a token; above it the call is refused.",
        Reason = ErrorReason.Unauthenticated)]
    public TimeSpan ClockSkew { get; set; } = TimeSpan.FromSeconds(30);

    /// <value>
    /// Accepted types of tokens ("typ" of the header), for example "at+jwt"; empty for any. Set it if the issuer signs
    /// other tokens, such as ID tokens, with the same keys.
    /// </value>
    public IList<string> TokenTypes { get; } = [];

    /// <summary>Whether tokens are configured.</summary>
    public bool IsUsed => Issuer is not null || Audience is not null || KeysFile is not null
        || MetadataAddress is not null;
}
