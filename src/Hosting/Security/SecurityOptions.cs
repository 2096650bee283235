using ForegSyte.Hosting.Configuration;
using ForegSyte.Hosting.Security.ApiKeys;
using ForegSyte.Hosting.Security.Certificates;

namespace ForegSyte.Hosting.Security;

/// <summary>Who may call. Section "Security".</summary>
public sealed class SecurityOptions
{
    /// <summary>Name of the section.</summary>
    public const string Section = "Security";

    /// <value>
    /// Whether everyone who reaches the service may do everything. Without it, and where nothing says who may call, a
    /// service listens on the loopback only. It goes with none of the settings that say who may call.
    /// </value>
    public bool AllowAnonymous { get; set; }

    /// <value>API keys, with their salted hashes.</value>
    public IList<ApiKeyEntry> ApiKeys { get; } = [];

    /// <value>Path of a JSON file with more API keys; it is read again when it changes.</value>
    public string? ApiKeysFile { get; set; }

    /// <value>Callers by their client certificates, which a CA of Listen:Tls:ClientCaFile has signed.</value>
    public IList<CertificateEntry> Certificates { get; } = [];

    /// <value>Whether grpc.health.v1 answers everyone. Otherwise any caller who is known.</value>
    public bool OpenHealth { get; set; } = true;

    /// <value>Whether server reflection answers everyone. Otherwise any caller who is known.</value>
    public bool OpenReflection { get; set; }

    /// <value>How often files with keys and certificates are looked at for a change.</value>
    [TimeRange("00:00:00.0200000", "01:00:00")]
    public TimeSpan FilePollInterval { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>Whether there are API keys.</summary>
    public bool HasApiKeys => ApiKeys.Count > 0 || !string.IsNullOrEmpty(ApiKeysFile);
}
