using System.Net;
using System.Security.Claims;
using ForegSyte.Hosting.Configuration;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.JwtBearer;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.Tokens;

namespace ForegSyte.Hosting.Security.Jwt;

/// <summary>Registers authentication by JSON Web Token on top of ASP.NET Core's handler.</summary>
internal static class JwtServiceCollectionExtensions
{
    /// <summary>Accepted signature algorithms; none that uses a shared secret.</summary>
    private static readonly string[] Algorithms =
    [
        SecurityAlgorithms.RsaSha256, SecurityAlgorithms.RsaSha384, SecurityAlgorithms.RsaSha512,
        SecurityAlgorithms.RsaSsaPssSha256, SecurityAlgorithms.RsaSsaPssSha384, SecurityAlgorithms.RsaSsaPssSha512,
        SecurityAlgorithms.EcdsaSha256, SecurityAlgorithms.EcdsaSha384, SecurityAlgorithms.EcdsaSha512,
    ];

    public static void AddJwt(this AuthenticationBuilder authentication)
    {
        var services = authentication.Services;
        services.AddCheckedOptions<JwtOptions>(JwtOptions.Section)
            .Validate(
                options => !options.IsUsed || options is { Issuer.Length: > 0, Audience.Length: > 0 },
                "Security:Jwt needs Issuer and Audience; tokens for other services would be accepted otherwise.")
            .Validate(
                options => !options.IsUsed || options.KeysFile is null != options.MetadataAddress is null,
                "Security:Jwt needs either KeysFile or MetadataAddress.")
            .Validate(
                options => options.MetadataAddress is not { } address || IsSafe(address),
                "Security:Jwt:MetadataAddress must be https; http is allowed on loopback only.");
        services.AddSingleton(provider => new JwtKeys(
            provider.GetRequiredService<IOptions<JwtOptions>>(),
            provider.GetRequiredService<IOptions<SecurityOptions>>(),
            provider.GetRequiredService<TimeProvider>(), provider.GetRequiredService<ILogger<JwtKeys>>()));
        authentication.AddJwtBearer(AuthenticationSchemes.Jwt, _ => { });
        services.AddOptions<JwtBearerOptions>(AuthenticationSchemes.Jwt)
            .Configure<IOptions<JwtOptions>, JwtKeys>(Configure);
    }

    private static void Configure(JwtBearerOptions bearer, IOptions<JwtOptions> options, JwtKeys keys)
    {
        var jwt = options.Value;
        bearer.MapInboundClaims = false;
        bearer.TokenValidationParameters = new TokenValidationParameters
        {
            ValidIssuer = jwt.Issuer,
            ValidAudience = jwt.Audience,
            ValidAlgorithms = Algorithms,
            ClockSkew = jwt.ClockSkew,
            RequireExpirationTime = true,
            RequireSignedTokens = true,
            ValidateIssuerSigningKey = true,
        };
        if (jwt.MetadataAddress is { } address)
        {
            bearer.MetadataAddress = address.AbsoluteUri;
            bearer.RequireHttpsMetadata = address.Scheme == Uri.UriSchemeHttps;
        }
        else
        {
            bearer.TokenValidationParameters.IssuerSigningKeyResolver = (_, _, _, _) => keys.Current;
        }

        bearer.Events = new JwtBearerEvents
        {
            OnTokenValidated = context => Identify(context, jwt),
            OnAuthenticationFailed = context =>
            {
                context.Fail(Refusal(context.Exception));
                return Task.CompletedTask;
            },
        };
    }

    private static Task Identify(TokenValidatedContext context, JwtOptions options)
    {
        try
        {
            var caller = JwtCallers.From(context.Principal!.Claims, options);
            context.Principal = CallerTickets.PrincipalOf(caller, AuthenticationSchemes.Jwt);
        }
        catch (CredentialException refusal)
        {
            context.Fail(refusal);
        }

        return Task.CompletedTask;
    }

    private static CredentialException Refusal(Exception failure) => failure switch
    {
        SecurityTokenExpiredException => CredentialException.Expired("The token"),
        SecurityTokenInvalidAudienceException => CredentialException.Unknown("The token is for another audience."),
        SecurityTokenInvalidIssuerException => CredentialException.Unknown("The token is from another issuer."),
        SecurityTokenNotYetValidException => CredentialException.Unknown("The token is not valid yet."),
        _ => CredentialException.Unknown("The token is not signed by the configured issuer.", failure),
    };

    private static bool IsSafe(Uri address) => address.IsAbsoluteUri
        && (address.Scheme == Uri.UriSchemeHttps
            || (address.Scheme == Uri.UriSchemeHttp
                && (address.IsLoopback || (IPAddress.TryParse(address.Host, out var ip) && IPAddress.IsLoopback(ip)))));
}

/// <summary>Maps the claims of a token to a caller.</summary>
internal static class JwtCallers
{
    /// <summary>Creates the caller of a validated token.</summary>
    /// <exception cref="CredentialException">A claim is missing or invalid.</exception>
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
                $"The token needs one claim \"{options.TenantClaim}\" of 1 to {CallerGrant.MaxTenantLength} "
                + "characters without white space.");
        }

        var names = byType[options.PermissionsClaim]
            .SelectMany(value => value.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            .Where(name => name.StartsWith(options.PermissionPrefix, StringComparison.Ordinal))
            .Select(name => name[options.PermissionPrefix.Length..]);
        return new Caller($"token:{id}", tenant, CallerGrant.PermissionsAmong(names));
    }
}
