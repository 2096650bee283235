using ForegSyte.Hosting.Errors;
using ForegSyte.Hosting.Http;
using ForegSyte.V1;
using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace ForegSyte.Web.Sessions;

/// <summary>
/// Presents the credential in the cookie of a signed-in browser as the credential of the request, as if the caller had
/// sent it in a header. So a session can do what its key can, with the same limits and the same audit log, and ends
/// when the key does.
/// </summary>
internal sealed class SessionMiddleware(RequestDelegate next, IAntiforgery antiforgery, JsonResponseWriter writer)
{
    public async Task InvokeAsync(HttpContext call)
    {
        var request = call.Request;
        if (SignInMiddleware.IsSignIn(request.Path) || HasCredential(request) || !HasCookie(request)
            || (await call.AuthenticateAsync(Session.Scheme)).Properties?.GetTokenValue(Session.Credential)
                is not { } credential)
        {
            await next(call);
            return;
        }

        if (!IsSafe(request.Method) && !await antiforgery.IsRequestValidAsync(call))
        {
            await writer.WriteErrorAsync(call, RichStatus.From(new ServiceException(
                ErrorReason.PermissionDenied,
                $"A signed-in browser must send the token of its page in the header {Session.CsrfHeader}. Reload the "
                + "page, and try again.")
            {
                Metadata = new Dictionary<string, string> { ["header"] = Session.CsrfHeader },
            }));
            return;
        }

        request.Headers.Authorization = $"Bearer {credential}";
        call.Features.Set(Session.Instance);
        await next(call);
    }

    private static bool HasCookie(HttpRequest request) =>
        request.Cookies.ContainsKey(Session.CookieName);

    private static bool HasCredential(HttpRequest request) =>
        request.Headers.ContainsKey(HeaderNames.Authorization) || request.Headers.ContainsKey(Session.ApiKeyHeader);

    private static bool IsSafe(string method) =>
        HttpMethods.IsGet(method) || HttpMethods.IsHead(method) || HttpMethods.IsOptions(method);
}
