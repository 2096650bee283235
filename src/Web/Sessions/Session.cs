using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.DataProtection.KeyManagement;
using Microsoft.AspNetCore.DataProtection.XmlEncryption;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace ForegSyte.Web.Sessions;

/// <summary>Feature of requests whose credential comes from the cookie of a signed-in browser.</summary>
internal sealed class Session
{
    public static readonly Session Instance = new();

    /// <summary>The authentication scheme that reads and writes the cookie.</summary>
    public const string Scheme = "WebSession";

    /// <summary>Name of the credential in the encrypted cookie.</summary>
    public const string Credential = "credential";

    public const string CookieName = "foregsyte-session";

    public const string CsrfHeader = "x-csrf-token";

    public const string ApiKeyHeader = "x-api-key";
}

/// <summary>Registers sign-in, cookies and their encryption.</summary>
internal static class SessionServiceCollectionExtensions
{
    public static void AddSessions(this IServiceCollection services)
    {
        services.AddAuthentication().AddCookie(Session.Scheme);
        services.AddOptions<CookieAuthenticationOptions>(Session.Scheme).Configure<IOptions<WebOptions>>(
            (scheme, web) =>
            {
                scheme.Cookie.Name = Session.CookieName;
                scheme.Cookie.HttpOnly = true;
                scheme.Cookie.SameSite = SameSiteMode.Strict;
                scheme.Cookie.SecurePolicy = CookieSecurePolicy.SameAsRequest;
                scheme.Cookie.IsEssential = true;
                scheme.SlidingExpiration = true;
                scheme.ExpireTimeSpan = web.Value.SessionLifetime;
            });
        services.AddAntiforgery(csrf =>
        {
            csrf.HeaderName = Session.CsrfHeader;
            csrf.Cookie.Name = "foregsyte-csrf";
            csrf.Cookie.HttpOnly = true;
            csrf.Cookie.SameSite = SameSiteMode.Strict;
            csrf.Cookie.SecurePolicy = CookieSecurePolicy.SameAsRequest;
            csrf.SuppressXFrameOptionsHeader = true;
        });
        services.AddDataProtection().SetApplicationName("ForegSyte");
        services.AddSingleton<CookieKeys>();
        services.AddOptions<KeyManagementOptions>().Configure<CookieKeys>((keys, stored) =>
        {
            keys.XmlRepository = stored.Repository;

            // The mode of the folder, or the rights in the database, protect the keys, as they protect the jobs.
            keys.XmlEncryptor = new NullXmlEncryptor();
        });
    }
}
