using System.Net;
using ForegSyte.Hosting.Errors;
using ForegSyte.Hosting.Security;
using ForegSyte.V1;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace ForegSyte.Hosting.Http;

/// <summary>
/// Protects a local service from pages in a browser. Any page can send requests to loopback, some without a preflight
/// (CORS only hides the response from the page), and DNS rebinding makes a foreign page appear to have the service's
/// own origin.
/// </summary>
internal sealed class OriginValidator(IOptions<HttpOptions> options, AccessRules rules)
{
    private const string AllowedOrigins = $"{HttpOptions.Section}:{nameof(HttpOptions.AllowedOrigins)}";
    private const string AllowedHosts = $"{HttpOptions.Section}:{nameof(HttpOptions.AllowedHosts)}";

    /// <summary>Validates Origin and Host of a request.</summary>
    /// <exception cref="ServiceException">PERMISSION_DENIED.</exception>
    public void Check(HttpRequest request)
    {
        if (request.Headers.Origin is [{ Length: > 0 } origin, ..] && !IsAllowed(origin, request))
        {
            throw Denied(
                $"Pages of the origin \"{ServiceException.Shorten(origin)}\" cannot call this service (option "
                + $"{AllowedOrigins}).",
                ("origin", origin), ("option", AllowedOrigins));
        }

        if (rules.IsOpen && !IsOwn(request.Host.Host))
        {
            throw Denied(
                $"This service has no authentication and does not answer to the name "
                + $"\"{ServiceException.Shorten(request.Host.Host)}\". Call it by {OwnNames}, or add the name to "
                + $"{AllowedHosts}.",
                ("host", request.Host.Host), ("option", AllowedHosts));
        }
    }

    private string OwnNames => rules.AllowAnonymous ? "its IP address" : "localhost or 127.0.0.1";

    /// <summary>
    /// Whether the name cannot be that of a foreign page. An IP address never is: a page has the name that it was
    /// loaded from, and only names can be made to point elsewhere.
    /// </summary>
    private bool IsOwn(string host) =>
        IsLoopback(host)
        || (rules.AllowAnonymous && IPAddress.TryParse(host.Trim('[', ']'), out _))
        || options.Value.AllowedHosts.Contains(host, StringComparer.OrdinalIgnoreCase);

    private bool IsAllowed(string origin, HttpRequest request) =>
        options.Value.AllowedOrigins.Contains(origin, StringComparer.OrdinalIgnoreCase)
        || string.Equals(origin, $"{request.Scheme}://{request.Host}", StringComparison.OrdinalIgnoreCase);

    /// <summary>Whether a Host without port is a name of this machine alone.</summary>
    public static bool IsLoopback(string host) =>
        host.Equals("localhost", StringComparison.OrdinalIgnoreCase)
        || (IPAddress.TryParse(host.Trim('[', ']'), out var address) && IPAddress.IsLoopback(address));

    private static ServiceException Denied(string message, params (string Key, string Value)[] metadata) =>
        new(ErrorReason.PermissionDenied, message)
        {
            Metadata = metadata.ToDictionary(pair => pair.Key, pair => ServiceException.Shorten(pair.Value)),
        };
}

/// <summary>Refuses requests that <see cref="OriginValidator"/> does not allow.</summary>
internal sealed class OriginMiddleware(
    RequestDelegate next, OriginValidator origins, JsonResponseWriter writer, ILogger<OriginMiddleware> logger)
{
    public async Task InvokeAsync(HttpContext context)
    {
        try
        {
            origins.Check(context.Request);
        }
        catch (ServiceException error)
        {
            logger.LogInformation(
                "{Verb} {Path} failed with {Reason}: {Message}", ServiceException.Shorten(context.Request.Method),
                ServiceException.Shorten(context.Request.Path.Value ?? ""), error.ReasonText, error.Message);
            await writer.WriteErrorAsync(context, RichStatus.From(error));
            return;
        }

        await next(context);
    }
}
