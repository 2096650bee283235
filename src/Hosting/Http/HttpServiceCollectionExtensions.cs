using ForegSyte.Hosting.Configuration;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Cors.Infrastructure;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Microsoft.Net.Http.Headers;
using ServiceDescriptor = Google.Protobuf.Reflection.ServiceDescriptor;

namespace ForegSyte.Hosting.Http;

/// <summary>Adds HTTP with JSON beside gRPC.</summary>
internal static class HttpServiceCollectionExtensions
{
    /// <summary>How long a browser need not ask again whether it may call.</summary>
    private static readonly TimeSpan PreflightAge = TimeSpan.FromMinutes(10);

    /// <summary>Adds the parts.</summary>
    public static void AddHttp(this IServiceCollection services, IReadOnlyList<ServiceDescriptor> contracts)
    {
        services.AddCheckedOptions<HttpOptions>(HttpOptions.Section).Validate(
            options => options.AllowedOrigins.All(IsOrigin),
            "Http:AllowedOrigins has to have origins, such as https://console.example.org: a scheme and a host, and a "
            + "port where it is not the usual one; no path and no *.");
        services.AddSingleton(new HttpRoutes(contracts));
        services.AddSingleton<OriginValidator>();
        services.AddSingleton<HttpErrorResponse>();
        services.AddCors();
        services.AddOptions<CorsOptions>().Configure<IOptions<HttpOptions>>((cors, http) =>
            cors.AddDefaultPolicy(policy => policy
                .WithOrigins([.. http.Value.AllowedOrigins])
                .WithMethods(HttpMethods.Get, HttpMethods.Post, HttpMethods.Put, HttpMethods.Delete)
                .WithHeaders(HeaderNames.Authorization, HeaderNames.ContentType, "x-api-key", "grpc-timeout")
                .WithExposedHeaders(HeaderNames.RetryAfter)
                .SetPreflightMaxAge(PreflightAge)));
    }

    /// <summary>Puts the door in front of everything that a call goes through.</summary>
    public static void UseHttp(this WebApplication app)
    {
        app.UseWhen(context => context.Features.Get<HttpConnection>() is not null, http => http.UseCors());
        app.UseMiddleware<JsonTranscodingMiddleware>();

        // The call that the door makes has another path than the request: it is to be routed by its own.
        app.UseRouting();
    }

    private static bool IsOrigin(string text) =>
        Uri.TryCreate(text, UriKind.Absolute, out var uri)
        && uri.Scheme is "http" or "https"
        && uri.GetLeftPart(UriPartial.Authority).Equals(text, StringComparison.OrdinalIgnoreCase);
}
