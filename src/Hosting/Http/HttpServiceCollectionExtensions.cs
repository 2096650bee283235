using System.ComponentModel.DataAnnotations;
using ForegSyte.Hosting.Configuration;
using ForegSyte.Protocol.Limits;
using ForegSyte.V1;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Cors.Infrastructure;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Microsoft.Net.Http.Headers;
using ServiceDescriptor = Google.Protobuf.Reflection.ServiceDescriptor;

namespace ForegSyte.Hosting.Http;

/// <summary>Registers HTTP with JSON beside gRPC.</summary>
internal static class HttpServiceCollectionExtensions
{
    /// <summary>How long browsers cache a preflight response.</summary>
    private static readonly TimeSpan PreflightAge = TimeSpan.FromMinutes(10);

    public static void AddJsonTranscoding(this IServiceCollection services, IReadOnlyList<ServiceDescriptor> contracts)
    {
        services.AddCheckedOptions<HttpOptions>(HttpOptions.Section);
        services.AddSingleton<IValidateOptions<HttpOptions>, HttpOptionsCheck>();
        services.AddSingleton(new HttpRoutes(contracts));
        services.AddSingleton<OriginValidator>();
        services.AddSingleton<JsonResponseWriter>();
        services.AddSingleton<FileSender>();
        services.AddCors();
        services.AddOptions<CorsOptions>().Configure<IOptions<HttpOptions>>((cors, http) =>
            cors.AddDefaultPolicy(policy => policy
                .WithOrigins([.. http.Value.AllowedOrigins])
                .WithMethods(
                    HttpMethods.Get, HttpMethods.Head, HttpMethods.Post, HttpMethods.Put, HttpMethods.Patch,
                    HttpMethods.Delete)
                .WithHeaders(
                    HeaderNames.Authorization, HeaderNames.ContentType, HeaderNames.Range, HeaderNames.IfRange,
                    HeaderNames.IfNoneMatch, "x-api-key", "grpc-timeout")
                .WithExposedHeaders(
                    HeaderNames.RetryAfter, HeaderNames.AcceptRanges, HeaderNames.ContentRange,
                    HeaderNames.ContentDisposition, HeaderNames.ETag)
                .SetPreflightMaxAge(PreflightAge)));
    }

    /// <summary>Adds middleware for requests to the port for HTTP alone.</summary>
    public static void UseOnHttpPort(this WebApplication app, Action<IApplicationBuilder> use) =>
        app.UseWhen(context => context.Features.Get<HttpConnection>() is not null, use);

    /// <summary>Adds the middleware in front of the gRPC pipeline.</summary>
    /// <param name="app">The application.</param>
    /// <param name="usePages">Adds the web page, if the service has one.</param>
    public static void UseJsonTranscoding(this WebApplication app, Action<IApplicationBuilder>? usePages)
    {
        app.UseOnHttpPort(http =>
        {
            http.UseCors();
            http.UseMiddleware<OriginMiddleware>();
            usePages?.Invoke(http);
        });
        app.UseMiddleware<JsonTranscodingMiddleware>();

        // The transcoded call has a path of its own and needs routing.
        app.UseRouting();
    }
}

/// <summary>Checks origins, host names and proxies.</summary>
internal sealed class HttpOptionsCheck : IValidateOptions<HttpOptions>
{
    /// <inheritdoc />
    public ValidateOptionsResult Validate(string? name, HttpOptions options) =>
        Problem(options) is { } problem ? ValidateOptionsResult.Fail(problem) : ValidateOptionsResult.Success;

    private static string? Problem(HttpOptions options)
    {
        if (!options.AllowedOrigins.All(IsOrigin))
        {
            return "Http:AllowedOrigins must be origins such as https://console.example.org: scheme, host and any "
                + "non-default port, without path and *.";
        }

        if (!options.AllowedHosts.All(host => Uri.CheckHostName(host) != UriHostNameType.Unknown))
        {
            return "Http:AllowedHosts must be host names such as foregsyte.example.org, without scheme, port and *.";
        }

        return options.KnownProxies.All(proxy => KnownProxies.TryParse(proxy, out _))
            ? null
            : "Http:KnownProxies must be IP addresses or networks such as 10.0.0.7 or 10.0.0.0/24.";
    }

    private static bool IsOrigin(string text) =>
        Uri.TryCreate(text, UriKind.Absolute, out var uri)
        && uri.Scheme is "http" or "https"
        && uri.GetLeftPart(UriPartial.Authority).Equals(text, StringComparison.OrdinalIgnoreCase);
}

/// <summary>HTTP with JSON; Listen:HttpPort enables it. Section "Http".</summary>
public sealed class HttpOptions
{
    public const string Section = "Http";

    /// <value>
    /// Origins whose pages can call from a browser (CORS), for example "https://console.example.org". By default only
    /// pages of the service's own origin can.
    /// </value>
    public IList<string> AllowedOrigins { get; } = [];

    /// <value>
    /// Names by which callers reach a service without authentication, in addition to loopback names and, with
    /// Security:AllowAnonymous, every IP address. Other names are refused, because they can be those of a foreign page
    /// (DNS rebinding).
    /// </value>
    public IList<string> AllowedHosts { get; } = [];

    /// <value>
    /// Proxies whose X-Forwarded-For and X-Forwarded-Proto are believed, as IP addresses or networks, on the ports for
    /// gRPC and for HTTP. The audit log and the rate limit of addresses then use the address of the caller. By default
    /// these headers have no effect.
    /// </value>
    public IList<string> KnownProxies { get; } = [];

    /// <value>
    /// Maximum size of a JSON body in bytes; the body is buffered in memory. Video bytes are raw bodies with the limit
    /// of their method.
    /// </value>
    [Range(1_024, 4 * 1024 * 1024)]
    [Limit(
        "bytes", "JSON body of a request over HTTP; larger bodies are refused. Video bytes are raw bodies.",
        Reason = ErrorReason.MessageTooLarge)]
    public int MaxJsonBytes { get; set; } = 64 * 1024;
}
