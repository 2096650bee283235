using System.Security.Claims;

namespace ForegSyte.Hosting.Security.Jwt;

/// <summary>The caller whom the claims of a token describe. Pure.</summary>
internal static class JwtCallers
{
    /// <summary>Reads the claims of a token that was found right.</summary>
    /// <exception cref="CredentialException">It names no caller or no tenant.</exception>
    public static Caller From(IEnumerable<Claim> claims, JwtOptions options)
    {
        var byType = claims.ToLookup(claim => claim.Type, claim => claim.Value);
        if (byType[options.CallerClaim].FirstOrDefault() is not { Length: > 0 } id)
        {
            throw CredentialException.MalformedClaim(
                options.CallerClaim, $"The token has no claim \"{options.CallerClaim}\".");
        }

        var tenants = byType[options.TenantClaim].Take(2).ToList();
        if (tenants is not [var tenant] || !CallerGrant.IsTenant(tenant))
        {
            throw CredentialException.MalformedClaim(
                options.TenantClaim,
                $"The token needs one claim \"{options.TenantClaim}\" with 1 to {CallerGrant.MaxTenantLength} "
                + "characters and no white space.");
        }

        var names = byType[options.PermissionsClaim]
            .SelectMany(value => value.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            .Where(name => name.StartsWith(options.PermissionPrefix, StringComparison.Ordinal))
            .Select(name => name[options.PermissionPrefix.Length..]);
        return new Caller($"token:{id}", tenant, CallerGrant.PermissionsAmong(names));
    }
}
