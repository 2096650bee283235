using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace ForegSyte.Hosting.Security;

/// <summary>
/// Callers over the Unix socket: the operating system let them open it, which is what Listen:UnixSocketMode is for. A
/// call that carries credentials is judged by those.
/// </summary>
internal sealed class LocalHandler(
    IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory loggers, UrlEncoder encoder)
    : AuthenticationHandler<AuthenticationSchemeOptions>(options, loggers, encoder)
{
    private static readonly Caller Local = new("local", "", CallerPermissions.Admin);

    /// <inheritdoc />
    protected override Task<AuthenticateResult> HandleAuthenticateAsync() =>
        Task.FromResult(CallerTickets.Success(Local, Scheme.Name));
}
