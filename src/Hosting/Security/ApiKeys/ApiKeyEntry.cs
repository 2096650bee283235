using ForegSyte.Hosting.Configuration;

namespace ForegSyte.Hosting.Security.ApiKeys;

/// <summary>
/// An API key as the configuration has it, in Security:ApiKeys or in the "keys" of Security:ApiKeysFile. The command
/// "keys new" prints one.
/// </summary>
public sealed class ApiKeyEntry
{
    /// <value>Name of the key in the key itself and in the audit log: lower-case letters, digits, hyphens.</value>
    public string Id { get; set; } = "";

    /// <value>Whom the holder's jobs and uploads belong to.</value>
    public string Tenant { get; set; } = "";

    /// <value>Any of submit, read and admin.</value>
    public IList<string> Permissions { get; set; } = [];

    /// <value>Salted hash of the secret: "sha256:SALT:HASH".</value>
    [Secret]
    public string Hash { get; set; } = "";

    /// <value>When the key ends; null for never.</value>
    public DateTimeOffset? ExpiresAt { get; set; }
}
