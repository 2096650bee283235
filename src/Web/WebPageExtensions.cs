using ForegSyte.Hosting.Configuration;
using ForegSyte.Web.Sessions;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.ResponseCompression;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.FileProviders;
using Microsoft.Extensions.Options;

namespace ForegSyte.Web;

/// <summary>Registers the web page and its middleware.</summary>
public static class WebPageExtensions
{
    /// <summary>Path of scripts and styles.</summary>
    internal const string AssetsPath = "/web/assets";

    /// <summary>Adds the web page. Without Web:Enabled it only checks the settings.</summary>
    public static void AddWebPage(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddCheckedOptions<WebOptions>(WebOptions.Section);
        services.AddSingleton<IValidateOptions<WebOptions>, WebOptionsCheck>();
        if (configuration.GetSection(WebOptions.Section).Get<WebOptions>() is not { Enabled: true })
        {
            return;
        }

        services.AddRazorComponents();
        services.AddSessions();
        services.AddResponseCompression(compression =>
        {
            // Scripts and styles hold no secret, so that their length under TLS tells nothing (BREACH).
            compression.EnableForHttps = true;
            compression.MimeTypes = [.. ResponseCompressionDefaults.MimeTypes, "image/svg+xml"];
        });
    }

    /// <summary>Checks at the start that the page has a place for the keys of its cookies.</summary>
    /// <exception cref="OptionsValidationException">It has none.</exception>
    public static void PrepareWebPage(this IServiceProvider services)
    {
        if (services.GetService<CookieKeys>() is { } keys)
        {
            keys.Prepare(services.GetRequiredService<IDataProtectionProvider>());
        }
    }

    /// <summary>Lets the cookie of a signed-in browser authenticate requests; runs before the rate limits.</summary>
    public static void UseWebSessions(this IApplicationBuilder http)
    {
        if (IsEnabled(http))
        {
            http.UseMiddleware<SessionMiddleware>();
        }
    }

    /// <summary>Serves the pages; runs before the JSON API.</summary>
    public static void UseWebPages(this IApplicationBuilder http)
    {
        if (!IsEnabled(http))
        {
            return;
        }

        http.UseMiddleware<PageHeadersMiddleware>();
        http.MapWhen(call => call.Request.Path.StartsWithSegments(AssetsPath, StringComparison.Ordinal), assets =>
        {
            assets.UseResponseCompression();
            assets.UseStaticFiles(new StaticFileOptions
            {
                RequestPath = AssetsPath,
                FileProvider = new EmbeddedFileProvider(typeof(WebOptions).Assembly, "ForegSyte.Web.Assets"),
                OnPrepareResponse = file => file.Context.Response.Headers.CacheControl = "no-cache",
            });
        });
        http.UseMiddleware<SignInMiddleware>();
        http.UseMiddleware<PageMiddleware>();
    }

    private static bool IsEnabled(IApplicationBuilder app) =>
        app.ApplicationServices.GetRequiredService<IOptions<WebOptions>>().Value.Enabled;
}
