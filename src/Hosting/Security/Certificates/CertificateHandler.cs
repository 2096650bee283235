using System.Text.Encodings.Web;
using ForegSyte.Hosting.Listening;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace ForegSyte.Hosting.Security.Certificates;

/// <summary>Identifies callers by the client certificate of their connection.</summary>
internal sealed class CertificateHandler(
    ServerTls tls, CertificateCallers callers,
    IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory loggers, UrlEncoder encoder)
    : AuthenticationHandler<AuthenticationSchemeOptions>(options, loggers, encoder)
{
    /// <inheritdoc />
    protected override Task<AuthenticateResult> HandleAuthenticateAsync() => Task.FromResult(Authenticate());

    private AuthenticateResult Authenticate()
    {
        if (Context.Connection.ClientCertificate is not { } certificate || tls.ClientTrust is not { } trust)
        {
            return AuthenticateResult.NoResult();
        }

        // The handshake, or the connection's first call, may have been long ago.
        var now = TimeProvider.GetUtcNow();
        if (now >= certificate.NotAfter.ToUniversalTime())
        {
            return AuthenticateResult.Fail(CredentialException.Expired("The client certificate"));
        }

        if (!trust.TrustsClient(certificate))
        {
            return AuthenticateResult.Fail(CredentialException.Unknown(
                "No authority that this server trusts has signed the client certificate for clients."));
        }

        return callers.Find(certificate) is { } caller
            ? CallerTickets.Success(caller, Scheme.Name)
            : AuthenticateResult.Fail(CredentialException.Unknown(
                "This server does not list the name of the client certificate."));
    }
}
