using ForegSyte.Hosting.Listening;
using ForegSyte.Hosting.Security.ApiKeys;
using ForegSyte.Hosting.Security.Audit;
using ForegSyte.Hosting.Security.Certificates;
using ForegSyte.Hosting.Security.Jwt;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace ForegSyte.Hosting.Security;

/// <summary>
/// Reads keys, tokens and certificates before the service listens, so that an error in them refuses the start; logs
/// which credentials the service accepts.
/// </summary>
internal sealed class CredentialStartupCheck(
    AccessRules rules, IOptions<SecurityOptions> security, IOptions<ListenerOptions> listener, ServerTls tls,
    ApiKeyStore keys,
    CertificateCallers certificates,
    JwtKeys jwt,
    AuditFiles audit,
    ILogger<CredentialStartupCheck> logger)
    : IHostedLifecycleService
{
    /// <inheritdoc />
    public Task StartingAsync(CancellationToken cancellationToken)
    {
        // Their constructors have read the files.
        _ = (keys, certificates, jwt, audit);
        if (rules.IsOpen && rules.AllowAnonymous)
        {
            logger.LogWarning(
                "Every caller who can connect is an admin (Security:AllowAnonymous)");
        }
        else if (!rules.IsOpen)
        {
            logger.LogInformation(
                "Authentication is on: {Schemes}; health is {Health}, reflection is {Reflection}",
                string.Join(", ", Schemes()), Openness(security.Value.OpenHealth),
                Openness(security.Value.OpenReflection));
        }

        if (!rules.IsOpen && !tls.IsUsed && listener.Value.IsReachable)
        {
            logger.LogWarning(
                "Credentials arrive unencrypted at {Address}: set Listen:Tls:CertificateFile, or put a proxy that "
                + "terminates TLS in front of this service",
                listener.Value.Address);
        }

        return Task.CompletedTask;
    }

    /// <inheritdoc />
    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc />
    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc />
    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc />
    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc />
    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private IEnumerable<string> Schemes()
    {
        if (security.Value.HasApiKeys)
        {
            yield return "API keys";
        }

        if (rules.HasJwt)
        {
            yield return "JSON Web Tokens";
        }

        if (security.Value.Certificates.Count > 0)
        {
            yield return "client certificates";
        }
    }

    private static string Openness(bool isOpen) => isOpen ? "open" : "closed";
}
