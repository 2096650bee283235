using System.Net;
using ForegSyte.Hosting.Errors;
using ForegSyte.Hosting.Security;
using ForegSyte.V1;
using Microsoft.AspNetCore.Http;
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

        if (rules is { IsOpen: true, AllowAnonymous: false } && !IsLoopback(request.Host.Host))
        {
            throw Denied(
                $"This service has no authentication and accepts calls to loopback only, not to "
                + $"\"{request.Host.Host}\". Call it as localhost or 127.0.0.1.",
                ("host", request.Host.Host));
        }
    }

    private bool IsAllowed(string origin, HttpRequest request) =>
        options.Value.AllowedOrigins.Contains(origin, StringComparer.OrdinalIgnoreCase)
        || string.Equals(origin, $"{request.Scheme}://{request.Host}", StringComparison.OrdinalIgnoreCase);

    private static bool IsLoopback(string host) =>
        host.Equals("localhost", StringComparison.OrdinalIgnoreCase)
        || (IPAddress.TryParse(host.Trim('[', ']'), out var address) && IPAddress.IsLoopback(address));

    private static ServiceException Denied(string message, params (string Key, string Value)[] metadata) =>
        new(ErrorReason.PermissionDenied, message)
        {
            Metadata = metadata.ToDictionary(pair => pair.Key, pair => ServiceException.Shorten(pair.Value)),
        };
}
