using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace ForegSyte.Hosting.Security.ApiKeys;

/// <summary>Identifies callers by the API key that they send.</summary>
internal sealed class ApiKeyHandler(
    ApiKeyRing ring, IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory loggers, UrlEncoder encoder)
    : AuthenticationHandler<AuthenticationSchemeOptions>(options, loggers, encoder)
{
    /// <inheritdoc />
    protected override Task<AuthenticateResult> HandleAuthenticateAsync()
    {
        try
        {
            var caller = ring.Identify(PresentedCredentials.ApiKey(Request.Headers) ?? "");
            return Task.FromResult(CallerTickets.Success(caller, Scheme.Name));
        }
        catch (CredentialException refusal)
        {
            return Task.FromResult(AuthenticateResult.Fail(refusal));
        }
    }
}
