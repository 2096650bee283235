using System.Security.Claims;
using ForegSyte.Hosting.Errors;
using ForegSyte.Hosting.Security.Audit;
using ForegSyte.V1;
using ForegSyte.Web.Pages;
using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Http.HttpResults;

namespace ForegSyte.Web.Sessions;

/// <summary>Signs browsers in with an API key or a token, and out.</summary>
internal sealed class SignInMiddleware(RequestDelegate next, IAntiforgery antiforgery, AuditLog audit)
{
    private const string SignInPath = "/web/sign-in";
    private const string SignOutPath = "/web/sign-out";
    private const string Home = "/web/jobs";
    private const int MaxFormBytes = 32 * 1024;

    /// <summary>Whether a request signs in or out and so does not use the session that it may have.</summary>
    public static bool IsSignIn(PathString path) => path == SignInPath || path == SignOutPath;

    /// <summary>Asks the browser to sign in and to return to the page afterwards.</summary>
    public static async Task RedirectAsync(HttpContext call)
    {
        var hadSession = call.Features.Get<Session>() is not null;
        if (hadSession)
        {
            await call.SignOutAsync(Session.Scheme);
        }

        var back = Uri.EscapeDataString(call.Request.Path + call.Request.QueryString);
        call.Response.Redirect($"{SignInPath}?return={back}{(hadSession ? "&ended=1" : "")}");
    }

    public async Task InvokeAsync(HttpContext call)
    {
        var request = call.Request;
        if (!IsSignIn(request.Path))
        {
            await next(call);
        }
        else if (request.Path == SignInPath && HttpMethods.IsGet(request.Method))
        {
            if ((await call.AuthenticateAsync()).Succeeded)
            {
                // Nothing asks for a key here: no callers are configured, or a certificate or a proxy sent credentials.
                call.Response.Redirect(ReturnPath(request.Query["return"]));
                return;
            }

            var problem = request.Query.ContainsKey("ended")
                ? "Your session has ended, or its key is no longer valid. Sign in again."
                : null;
            await ShowAsync(call, request.Query["return"], problem, StatusCodes.Status200OK);
        }
        else if (!HttpMethods.IsPost(request.Method))
        {
            call.Response.StatusCode = StatusCodes.Status405MethodNotAllowed;
            call.Response.Headers.Allow = "POST";
        }
        else
        {
            await PostAsync(call);
        }
    }

    /// <summary>The page to show after the sign-in: a page of this service and nothing else.</summary>
    internal static string ReturnPath(string? path) =>
        path is not null
            && path.StartsWith("/web/", StringComparison.Ordinal)
            && !path.Any(letter => char.IsControl(letter) || letter == '\\')
            && !IsSignIn(new PathString(path.Split('?')[0]))
            ? path
            : Home;

    private async Task PostAsync(HttpContext call)
    {
        if (call.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size)
        {
            size.MaxRequestBodySize = MaxFormBytes;
        }

        if (!call.Request.HasFormContentType || !await antiforgery.IsRequestValidAsync(call))
        {
            await ShowAsync(
                call, null, "The form is too old, or does not come from this page. Try again.",
                StatusCodes.Status400BadRequest);
            return;
        }

        if (call.Request.Path == SignOutPath)
        {
            await call.SignOutAsync(Session.Scheme);
            call.Response.Redirect(SignInPath);
            return;
        }

        var form = await call.Request.ReadFormAsync(call.RequestAborted);
        var credential = form["credential"].ToString().Trim();
        call.Request.Headers.Authorization = $"Bearer {credential}";
        var isText = credential.Length > 0 && !credential.Any(char.IsControl);
        if (isText && await call.AuthenticateAsync() is { Succeeded: true } caller)
        {
            await SignInAsync(call, caller.Principal, credential);
            call.Response.Redirect(ReturnPath(form["return"]));
            return;
        }

        const string refusal = "The key or token is unknown, or has expired.";
        audit.Refused(call, resource: "", new ServiceException(ErrorReason.Unauthenticated, refusal));
        await ShowAsync(
            call, form["return"], $"{refusal} Check it, or ask the operator of the server for another.",
            StatusCodes.Status401Unauthorized);
    }

    private async Task SignInAsync(HttpContext call, ClaimsPrincipal caller, string credential)
    {
        var properties = new AuthenticationProperties();
        properties.StoreTokens([new AuthenticationToken { Name = Session.Credential, Value = credential }]);
        await call.SignInAsync(Session.Scheme, new ClaimsPrincipal(new ClaimsIdentity(Session.Scheme)), properties);
        call.User = caller;
        audit.Ended(call, resource: "", "OK");
    }

    private Task ShowAsync(HttpContext call, string? returnPath, string? problem, int status) =>
        new RazorComponentResult<SignInPage>(new Dictionary<string, object?>
        {
            [nameof(SignInPage.CsrfToken)] = antiforgery.GetAndStoreTokens(call).RequestToken,
            [nameof(SignInPage.ReturnPath)] = ReturnPath(returnPath),
            [nameof(SignInPage.Problem)] = problem,
        })
        {
            StatusCode = status,
        }.ExecuteAsync(call);
}
