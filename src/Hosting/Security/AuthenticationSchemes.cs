using System.Security.Claims;
using System.Text.Encodings.Web;
using ForegSyte.Hosting.Listening;
using ForegSyte.Hosting.Security.ApiKeys;
using ForegSyte.Hosting.Security.Jwt;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace ForegSyte.Hosting.Security;

/// <summary>
/// The authentication schemes and the choice among them. The first credential that a call carries decides: a valid
/// certificate does not compensate for a wrong key.
/// </summary>
internal static class AuthenticationSchemes
{
    /// <summary>The policy scheme that forwards to one of the others.</summary>
    public const string Caller = "Caller";

    public const string ApiKey = "ApiKey";

    public const string Jwt = "Bearer";

    public const string Certificate = "Certificate";

    /// <summary>Calls over the Unix socket, which the socket's permissions protect.</summary>
    public const string Local = "Local";

    /// <summary>Calls without credentials.</summary>
    public const string Anonymous = "Anonymous";

    /// <summary>Chooses the scheme for a call.</summary>
    public static string Choose(HttpContext call, AccessRules rules)
    {
        if (rules.IsOpen)
        {
            return Anonymous;
        }

        if (PresentedCredentials.ApiKey(call.Request.Headers) is not null)
        {
            return ApiKey;
        }

        if (PresentedCredentials.HasAuthorization(call.Request.Headers))
        {
            return rules.HasJwt ? Jwt : ApiKey;
        }

        if (call.Features.Get<LocalConnection>() is not null)
        {
            return Local;
        }

        return call.Connection.ClientCertificate is null ? Anonymous : Certificate;
    }
}

/// <summary>The access policy that follows from <see cref="SecurityOptions"/> and <see cref="JwtOptions"/>.</summary>
internal sealed class AccessRules(IOptions<SecurityOptions> security, IOptions<JwtOptions> jwt)
{
    /// <summary>Whether no credentials are configured, so that every caller is admitted.</summary>
    public bool IsOpen { get; } =
        !security.Value.HasApiKeys && security.Value.Certificates.Count == 0 && !jwt.Value.IsUsed;

    /// <summary>Whether JSON Web Tokens are configured.</summary>
    public bool HasJwt { get; } = jwt.Value.IsUsed;

    /// <summary>Whether Security:AllowAnonymous is set.</summary>
    public bool AllowAnonymous { get; } = security.Value.AllowAnonymous;
}

/// <summary>Reads credentials from request headers.</summary>
internal static class PresentedCredentials
{
    /// <summary>Header for API keys.</summary>
    public const string ApiKeyHeader = "x-api-key";

    private const string Bearer = "Bearer ";

    /// <summary>
    /// The API key of a call, from its own header or as a bearer token, which every gRPC library can send; null for
    /// none. The prefix distinguishes keys from JSON Web Tokens.
    /// </summary>
    public static string? ApiKey(IHeaderDictionary headers)
    {
        if (headers[ApiKeyHeader] is { Count: > 0 } sent)
        {
            // With two keys there is no way to tell which of two callers is meant.
            return sent.Count == 1 ? sent[0] : "";
        }

        return BearerToken(headers) is { } token && token.StartsWith(ApiKeyText.Prefix, StringComparison.Ordinal)
            ? token
            : null;
    }

    /// <summary>Whether a call has an authorization header.</summary>
    public static bool HasAuthorization(IHeaderDictionary headers) => headers.Authorization.Count > 0;

    private static string? BearerToken(IHeaderDictionary headers) =>
        headers.Authorization is [{ } text] && text.StartsWith(Bearer, StringComparison.OrdinalIgnoreCase)
            ? text[Bearer.Length..].Trim()
            : null;
}

/// <summary>Creates ASP.NET Core's authentication results.</summary>
internal static class CallerTickets
{
    public static AuthenticateResult Success(Caller caller, string scheme) =>
        AuthenticateResult.Success(new AuthenticationTicket(PrincipalOf(caller, scheme), scheme));

    public static ClaimsPrincipal PrincipalOf(Caller caller, string scheme) => new(new CallerIdentity(caller, scheme));
}

/// <summary>
/// Authenticates callers without credentials: as anonymous if no credentials are configured, otherwise not at all.
/// </summary>
internal sealed class AnonymousHandler(
    AccessRules rules, IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory loggers,
    UrlEncoder encoder)
    : AuthenticationHandler<AuthenticationSchemeOptions>(options, loggers, encoder)
{
    /// <inheritdoc />
    protected override Task<AuthenticateResult> HandleAuthenticateAsync() => Task.FromResult(
        rules.IsOpen ? CallerTickets.Success(Caller.Anonymous, Scheme.Name) : AuthenticateResult.NoResult());
}

/// <summary>
/// Authenticates callers over the Unix socket: the operating system has checked Listen:UnixSocketMode. A call that
/// carries credentials uses those instead.
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

/// <summary>Why credentials are refused. The message is for the caller and contains no secret.</summary>
/// <param name="problem">Machine-readable: missing, unknown, expired or malformed.</param>
/// <param name="message">A full sentence.</param>
/// <param name="innerException">Cause, for debugging only.</param>
internal sealed class CredentialException(string problem, string message, Exception? innerException = null)
    : Exception(message, innerException)
{
    /// <summary>Machine-readable problem.</summary>
    public string Problem { get; } = problem;

    /// <summary>The invalid claim of a token; null if no claim is at fault.</summary>
    public string? Claim { get; private init; }

    /// <summary>Unknown API key. The error does not reveal whether the id or the secret is wrong.</summary>
    public static CredentialException UnknownKey() =>
        new("unknown", "The API key is unknown.");

    /// <summary>Who presented expired credentials, for example "key:gate"; null if unknown.</summary>
    public string? CallerId { get; private init; }

    /// <summary>Expired credentials.</summary>
    public static CredentialException Expired(string what, string? callerId = null) =>
        new("expired", $"{what} has expired.") { CallerId = callerId };

    /// <summary>Credentials of an invalid form.</summary>
    public static CredentialException Malformed(string message) => new("malformed", message);

    /// <summary>A missing or invalid claim of a token.</summary>
    public static CredentialException MalformedClaim(string claim, string message) =>
        new("malformed", message) { Claim = claim };

    /// <summary>Well-formed credentials that are not accepted.</summary>
    public static CredentialException Unknown(string message, Exception? cause = null) =>
        new("unknown", message, cause);
}
