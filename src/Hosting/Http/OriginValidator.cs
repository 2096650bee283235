using System.Net;
using ForegSyte.Hosting.Errors;
using ForegSyte.Hosting.Security;
using ForegSyte.V1;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;

namespace ForegSyte.Hosting.Http;

/// <summary>
/// Keeps pages out that a browser on this machine happens to show. Every page may send requests to the loopback, and
/// some of them without asking first (CORS keeps answers from it, not requests from us); and one whose name was made to
/// point here (DNS rebinding) is of our own origin.
/// </summary>
internal sealed class OriginValidator(IOptions<HttpOptions> options, AccessRules rules)
{
    private const string AllowedOrigins = $"{HttpOptions.Section}:{nameof(HttpOptions.AllowedOrigins)}";

    /// <summary>Lets a request through.</summary>
    /// <exception cref="ServiceException">PERMISSION_DENIED.</exception>
    public void Check(HttpRequest request)
    {
        if (request.Headers.Origin is [{ Length: > 0 } origin, ..] && !IsAllowed(origin, request))
        {
            throw Denied(
                $"Pages of the origin \"{ServiceException.Shorten(origin)}\" may not call this service (option "
                + $"{AllowedOrigins}).",
                ("origin", origin), ("option", AllowedOrigins));
        }

        if (rules is { IsOpen: true, AllowAnonymous: false } && !IsLoopback(request.Host.Host))
        {
            throw Denied(
                $"This service asks for no credentials and is for the loopback alone, not for \"{request.Host.Host}\". "
                + "Call it as localhost, or as 127.0.0.1.",
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
