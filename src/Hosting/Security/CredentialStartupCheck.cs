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
/// Reads keys and names before the service listens, so that a mistake in them refuses the start and is not found by a
/// caller; and says who may call.
/// </summary>
internal sealed class CredentialStartupCheck(
    AccessRules rules, IOptions<SecurityOptions> security, IOptions<ListenerOptions> listener, ServerTls tls,
    ApiKeyRing keys,
    CertificateCallers certificates,
    JwtKeys jwt,
    AuditFile audit,
    ILogger<CredentialStartupCheck> logger)
    : IHostedLifecycleService
{
    /// <inheritdoc />
    public Task StartingAsync(CancellationToken cancellationToken)
    {
        // Made by being asked for.
        _ = (keys, certificates, jwt, audit);
        if (rules.IsOpen && rules.AllowAnonymous)
        {
            logger.LogWarning(
                "Everyone who reaches this service may do everything with it (Security:AllowAnonymous)");
        }
        else if (!rules.IsOpen)
        {
            logger.LogInformation(
                "Callers need credentials: {Ways}; health is {Health}, reflection {Reflection}",
                string.Join(", ", Ways()), OpenOrNot(security.Value.OpenHealth),
                OpenOrNot(security.Value.OpenReflection));
        }

        if (!rules.IsOpen && !tls.IsUsed && listener.Value.IsReachable)
        {
            logger.LogWarning(
                "Credentials come to {Address} unencrypted: set Listen:Tls:CertificateFile, or put something before "
                + "this service that ends TLS",
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

    private IEnumerable<string> Ways()
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

    private static string OpenOrNot(bool isOpen) => isOpen ? "open" : "not open";
}
