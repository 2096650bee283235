using ForegSyte.Hosting.Configuration;
using ForegSyte.Hosting.Security.ApiKeys;
using ForegSyte.Hosting.Security.Audit;
using ForegSyte.Hosting.Security.Certificates;
using ForegSyte.Hosting.Security.Jwt;
using ForegSyte.Hosting.Security.RateLimiting;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace ForegSyte.Hosting.Security;

/// <summary>Registers authentication, authorization, rate limits and the audit log.</summary>
internal static class SecurityServiceCollectionExtensions
{
    public static void AddSecurity(this IServiceCollection services)
    {
        services.AddCheckedOptions<SecurityOptions>(SecurityOptions.Section, JwtOptions.Subsection);
        services.AddCheckedOptions<AuditOptions>(AuditOptions.Section);
        services.AddSingleton<AccessRules>();
        services.AddSingleton<RpcRules>();
        services.AddSingleton<ApiKeyStore>();
        services.AddSingleton<CertificateCallers>();
        services.AddSingleton<AuditFiles>();
        services.AddSingleton<AuditLog>();
        services.AddHostedService<CredentialStartupCheck>();
        services.AddTenantRateLimiter();
        AddSchemes(services);

        // A fallback policy: services that are added later need a permission by default.
        services.AddAuthorizationBuilder().SetFallbackPolicy(
            new AuthorizationPolicy([new RpcPermissionRequirement()], []));
        services.AddSingleton<IAuthorizationHandler, RpcPermissionHandler>();
        services.AddSingleton<IAuthorizationMiddlewareResultHandler, AuthorizationResultHandler>();
    }

    /// <summary>Adds the middleware, before anything reads a request message.</summary>
    public static void UseSecurity(this WebApplication app)
    {
        app.UseAuthentication();
        app.UseAuthorization();
        app.UseRateLimiter();
    }

    private static void AddSchemes(IServiceCollection services)
    {
        var authentication = services.AddAuthentication(AuthenticationSchemes.Caller);
        authentication.AddScheme<AuthenticationSchemeOptions, ApiKeyHandler>(AuthenticationSchemes.ApiKey, _ => { });
        authentication.AddScheme<AuthenticationSchemeOptions, CertificateHandler>(
            AuthenticationSchemes.Certificate, _ => { });
        authentication.AddScheme<AuthenticationSchemeOptions, LocalHandler>(AuthenticationSchemes.Local, _ => { });
        authentication.AddScheme<AuthenticationSchemeOptions, AnonymousHandler>(
            AuthenticationSchemes.Anonymous, _ => { });
        authentication.AddJwt();
        authentication.AddPolicyScheme(AuthenticationSchemes.Caller, displayName: null, _ => { });
        services.AddOptions<PolicySchemeOptions>(AuthenticationSchemes.Caller).Configure<AccessRules>((scheme, rules) =>
            scheme.ForwardDefaultSelector = call => AuthenticationSchemes.Choose(call, rules));
    }
}
