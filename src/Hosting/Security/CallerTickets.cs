using System.Security.Claims;
using Microsoft.AspNetCore.Authentication;

namespace ForegSyte.Hosting.Security;

/// <summary>Makes what an authentication handler answers.</summary>
internal static class CallerTickets
{
    /// <summary>The caller is known.</summary>
    public static AuthenticateResult Success(Caller caller, string scheme) =>
        AuthenticateResult.Success(new AuthenticationTicket(PrincipalOf(caller, scheme), scheme));

    /// <summary>The caller as ASP.NET Core hands identities on.</summary>
    public static ClaimsPrincipal PrincipalOf(Caller caller, string scheme) => new(new CallerIdentity(caller, scheme));
}
