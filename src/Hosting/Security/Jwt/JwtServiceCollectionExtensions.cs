using System.Text.Json;
using ForegSyte.Hosting.Configuration;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.JwtBearer;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace ForegSyte.Hosting.Security.Jwt;

/// <summary>Registers authentication by JSON Web Token on top of ASP.NET Core's handler.</summary>
internal static class JwtServiceCollectionExtensions
{
    /// <summary>Lifetime of connections to the issuer, so that a changed address is found.</summary>
    private static readonly TimeSpan ConnectionLifetime = TimeSpan.FromMinutes(15);

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
                options => !options.IsUsed
                    || string.IsNullOrEmpty(options.KeysFile) != options.MetadataAddress is null,
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
            ValidTypes = jwt.TokenTypes,
            ClockSkew = jwt.ClockSkew,
            RequireExpirationTime = true,
            RequireSignedTokens = true,
            ValidateIssuerSigningKey = true,
        };
        if (jwt.MetadataAddress is { } address)
        {
            bearer.MetadataAddress = address.AbsoluteUri;

            // A proxy of the environment could answer for an issuer on this machine, with keys of its own.
            bearer.BackchannelHttpHandler = new SocketsHttpHandler
            {
                UseProxy = !address.IsLoopback,
                PooledConnectionLifetime = ConnectionLifetime,
            };
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
            var caller = JwtCallers.From((JsonWebToken)context.SecurityToken, options);
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
        SecurityTokenInvalidTypeException => CredentialException.Unknown("The token is of another type."),
        SecurityTokenNotYetValidException => CredentialException.Unknown("The token is not valid yet."),
        _ => CredentialException.Unknown("The token is not signed by the configured issuer.", failure),
    };

    private static bool IsSafe(Uri address) => address.IsAbsoluteUri
        && (address.Scheme == Uri.UriSchemeHttps || (address.Scheme == Uri.UriSchemeHttp && address.IsLoopback));
}

/// <summary>Maps the claims of a token to a caller.</summary>
internal static class JwtCallers
{
    /// <summary>Longest name of a caller in characters, as OpenID Connect limits "sub".</summary>
    private const int MaxCallerLength = 255;

    /// <summary>
    /// Creates the caller of a validated token. It reads the JSON: the library's claims do not tell a string from a
    /// list with one string, or from a number.
    /// </summary>
    /// <exception cref="CredentialException">A claim is missing or invalid, or a header is critical.</exception>
    public static Caller From(JsonWebToken token, JwtOptions options)
    {
        // RFC 7515, 4.1.11: a critical header that the recipient does not understand makes the token invalid.
        if (token.TryGetHeaderValue<object>("crit", out _))
        {
            throw CredentialException.MalformedClaim(
                "crit", "The token has critical headers (\"crit\"), and none is supported.");
        }

        using var payload = Parse(token.EncodedPayload);
        return From(payload.RootElement, options);
    }

    private static Caller From(JsonElement payload, JwtOptions options)
    {
        if (TextOf(payload, options.CallerClaim) is not { Length: > 0 and <= MaxCallerLength } id)
        {
            throw CredentialException.MalformedClaim(
                options.CallerClaim,
                $"The token needs a claim \"{options.CallerClaim}\", a string of 1 to {MaxCallerLength} characters.");
        }

        if (TextOf(payload, options.TenantClaim) is not { } tenant || !CallerGrant.IsTenant(tenant))
        {
            throw CredentialException.MalformedClaim(
                options.TenantClaim,
                $"The token needs a claim \"{options.TenantClaim}\", a string of 1 to {CallerGrant.MaxTenantLength} "
                + "characters without white space.");
        }

        var names = WordsOf(payload, options.PermissionsClaim)
            .Where(name => name.StartsWith(options.PermissionPrefix, StringComparison.Ordinal))
            .Select(name => name[options.PermissionPrefix.Length..]);
        return new Caller($"token:{id}", tenant, CallerGrant.PermissionsAmong(names));
    }

    private static JsonDocument Parse(string encodedPayload)
    {
        try
        {
            return JsonDocument.Parse(
                Base64UrlEncoder.DecodeBytes(encodedPayload),
                new JsonDocumentOptions { AllowDuplicateProperties = false });
        }
        catch (JsonException failure)
        {
            throw new CredentialException("malformed", "The claims of the token are not valid JSON.", failure);
        }
    }

    /// <summary>The string in a claim; null if there is none.</summary>
    private static string? TextOf(JsonElement payload, string claim) =>
        payload.TryGetProperty(claim, out var value) && value.ValueKind == JsonValueKind.String
            ? value.GetString()
            : null;

    private static IEnumerable<string> WordsOf(JsonElement payload, string claim)
    {
        if (!payload.TryGetProperty(claim, out var value))
        {
            return [];
        }

        JsonElement[] texts = value.ValueKind == JsonValueKind.Array ? [.. value.EnumerateArray()] : [value];
        return texts.All(text => text.ValueKind == JsonValueKind.String)
            ? [.. texts.SelectMany(text => text.GetString()!.Split(' ', StringSplitOptions.RemoveEmptyEntries))]
            : throw CredentialException.MalformedClaim(
                claim, $"The claim \"{claim}\" of the token must be a string or a list of strings.");
    }
}
