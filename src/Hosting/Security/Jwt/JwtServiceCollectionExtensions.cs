using System.Net;
using ForegSyte.Hosting.Configuration;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.JwtBearer;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.Tokens;

namespace ForegSyte.Hosting.Security.Jwt;

/// <summary>Adds the scheme for JSON Web Tokens, on ASP.NET Core's own handler.</summary>
internal static class JwtServiceCollectionExtensions
{
    /// <summary>What tokens may be signed with: never a secret that the server and the issuer share.</summary>
    private static readonly string[] Algorithms =
    [
        SecurityAlgorithms.RsaSha256, SecurityAlgorithms.RsaSha384, SecurityAlgorithms.RsaSha512,
        SecurityAlgorithms.RsaSsaPssSha256, SecurityAlgorithms.RsaSsaPssSha384, SecurityAlgorithms.RsaSsaPssSha512,
        SecurityAlgorithms.EcdsaSha256, SecurityAlgorithms.EcdsaSha384, SecurityAlgorithms.EcdsaSha512,
    ];

    /// <summary>Adds the scheme and its options.</summary>
    public static void AddJwt(this AuthenticationBuilder authentication)
    {
        var services = authentication.Services;
        services.AddCheckedOptions<JwtOptions>(JwtOptions.Section)
            .Validate(
                options => !options.IsUsed || options is { Issuer.Length: > 0, Audience.Length: > 0 },
                "Security:Jwt needs Issuer and Audience: a token of anybody else's would pass otherwise.")
            .Validate(
                options => !options.IsUsed || options.KeysFile is null != options.MetadataAddress is null,
                "Security:Jwt needs one of KeysFile and MetadataAddress.")
            .Validate(
                options => options.MetadataAddress is not { } address || IsSafe(address),
                "Security:Jwt:MetadataAddress has to be https; http only on the loopback.");
        services.AddSingleton(provider => new JwtKeys(
            provider.GetRequiredService<IOptions<JwtOptions>>(),
            provider.GetRequiredService<IOptions<SecurityOptions>>(),
            provider.GetRequiredService<TimeProvider>(), provider.GetRequiredService<ILogger<JwtKeys>>()));
        authentication.AddJwtBearer(CallerSchemes.Jwt, _ => { });
        services.AddOptions<JwtBearerOptions>(CallerSchemes.Jwt).Configure<IOptions<JwtOptions>, JwtKeys>(Configure);
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
            context.Principal = CallerTickets.PrincipalOf(caller, CallerSchemes.Jwt);
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
        SecurityTokenInvalidIssuerException => CredentialException.Unknown("The token is of another issuer."),
        SecurityTokenNotYetValidException => CredentialException.Unknown("The token is not valid yet."),
        _ => CredentialException.Unknown("The token is not one that this server's issuer has signed.", failure),
    };

    private static bool IsSafe(Uri address) => address.IsAbsoluteUri
        && (address.Scheme == Uri.UriSchemeHttps
            || (address.Scheme == Uri.UriSchemeHttp
                && (address.IsLoopback || (IPAddress.TryParse(address.Host, out var ip) && IPAddress.IsLoopback(ip)))));
}
