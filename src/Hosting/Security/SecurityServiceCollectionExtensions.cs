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

/// <summary>Adds who may call: authentication, permissions, rates and the audit log.</summary>
internal static class SecurityServiceCollectionExtensions
{
    /// <summary>Adds the parts.</summary>
    public static void AddCallers(this IServiceCollection services)
    {
        services.AddCheckedOptions<SecurityOptions>(SecurityOptions.Section, JwtOptions.Subsection);
        services.AddCheckedOptions<AuditOptions>(AuditOptions.Section);
        services.AddSingleton<AccessRules>();
        services.AddSingleton<ApiKeyRing>();
        services.AddSingleton<CertificateCallers>();
        services.AddSingleton<AuditFile>();
        services.AddSingleton<AuditLog>();
        services.AddHostedService<CredentialStartupCheck>();
        services.AddTenantRate();
        AddSchemes(services);

        // For every call that has no rule of its own, so that a service which is added later is not open by mistake.
        services.AddAuthorizationBuilder().SetFallbackPolicy(
            new AuthorizationPolicy([new RpcPermissionRequirement()], []));
        services.AddSingleton<IAuthorizationHandler, RpcPermissionHandler>();
        services.AddSingleton<IAuthorizationMiddlewareResultHandler, AuthorizationResultHandler>();
    }

    /// <summary>Puts the parts in front of the services, before anything reads a message.</summary>
    public static void UseCallers(this WebApplication app)
    {
        app.UseAuthentication();
        app.UseAuthorization();
        app.UseRateLimiter();
    }

    private static void AddSchemes(IServiceCollection services)
    {
        var authentication = services.AddAuthentication(CallerSchemes.Caller);
        authentication.AddScheme<AuthenticationSchemeOptions, ApiKeyHandler>(CallerSchemes.ApiKey, _ => { });
        authentication.AddScheme<AuthenticationSchemeOptions, CertificateHandler>(CallerSchemes.Certificate, _ => { });
        authentication.AddScheme<AuthenticationSchemeOptions, LocalHandler>(CallerSchemes.Local, _ => { });
        authentication.AddScheme<AuthenticationSchemeOptions, AnonymousHandler>(CallerSchemes.Anonymous, _ => { });
        authentication.AddJwt();
        authentication.AddPolicyScheme(CallerSchemes.Caller, displayName: null, _ => { });
        services.AddOptions<PolicySchemeOptions>(CallerSchemes.Caller).Configure<AccessRules>((scheme, rules) =>
            scheme.ForwardDefaultSelector = call => CallerSchemes.Choose(call, rules));
    }
}
