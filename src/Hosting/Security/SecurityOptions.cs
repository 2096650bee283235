using ForegSyte.Hosting.Configuration;
using ForegSyte.Hosting.Security.ApiKeys;
using ForegSyte.Hosting.Security.Certificates;

namespace ForegSyte.Hosting.Security;

/// <summary>Authentication settings. Section "Security".</summary>
public sealed class SecurityOptions
{
    public const string Section = "Security";

    /// <value>
    /// Whether every caller who can connect is an admin. Without it, a service without credentials listens on loopback
    /// only. It cannot be combined with credentials.
    /// </value>
    public bool AllowAnonymous { get; set; }

    /// <value>API keys with their salted hashes.</value>
    public IList<ApiKeyEntry> ApiKeys { get; } = [];

    /// <value>Path of a JSON file with more API keys; reloaded when it changes.</value>
    public string? ApiKeysFile { get; set; }

    /// <value>Callers by client certificate, signed by an authority of Listen:Tls:ClientCaFile.</value>
    public IList<CertificateEntry> Certificates { get; } = [];

    /// <value>Whether grpc.health.v1 needs no credentials.</value>
    public bool OpenHealth { get; set; } = true;

    /// <value>Whether server reflection needs no credentials.</value>
    public bool OpenReflection { get; set; }

    /// <value>How often key and certificate files are checked for changes.</value>
    [TimeRange("00:00:00.0200000", "01:00:00")]
    public TimeSpan FilePollInterval { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>Whether any API keys are configured.</summary>
    public bool HasApiKeys => ApiKeys.Count > 0 || !string.IsNullOrEmpty(ApiKeysFile);
}
