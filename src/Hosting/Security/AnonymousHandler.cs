using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace ForegSyte.Hosting.Security;

/// <summary>Callers without credentials: everyone where nothing says who may call, otherwise nobody.</summary>
internal sealed class AnonymousHandler(
    AccessRules rules, IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory loggers,
    UrlEncoder encoder)
    : AuthenticationHandler<AuthenticationSchemeOptions>(options, loggers, encoder)
{
    /// <inheritdoc />
    protected override Task<AuthenticateResult> HandleAuthenticateAsync() => Task.FromResult(
        rules.IsOpen ? CallerTickets.Success(Caller.Anonymous, Scheme.Name) : AuthenticateResult.NoResult());
}
