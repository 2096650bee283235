using ForegSyte.Hosting.Security;
using ForegSyte.Web.Pages;
using ForegSyte.Web.Sessions;
using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;

namespace ForegSyte.Web;

/// <summary>
/// Serves the pages under /web. A page is a shell: its script reads everything it shows from the JSON API, so that the
/// page can do nothing that another client cannot.
/// </summary>
internal sealed class PageMiddleware(RequestDelegate next, IAntiforgery antiforgery)
{
    private static readonly Dictionary<string, Type> Pages = new(StringComparer.Ordinal)
    {
        ["/web/jobs"] = typeof(JobsPage),
        ["/web/search"] = typeof(SearchPage),
        ["/web/submit"] = typeof(SubmitPage),
        ["/web/server"] = typeof(ServerPage),
    };

    private static readonly PathString Root = "/web";

    /// <summary>Whether a path belongs to the web page.</summary>
    public static bool IsPage(PathString path) =>
        path == "/" || path.StartsWithSegments(Root, StringComparison.Ordinal);

    public async Task InvokeAsync(HttpContext call)
    {
        if (!IsPage(call.Request.Path))
        {
            await next(call);
        }
        else if (!HttpMethods.IsGet(call.Request.Method) && !HttpMethods.IsHead(call.Request.Method))
        {
            call.Response.StatusCode = StatusCodes.Status405MethodNotAllowed;
            call.Response.Headers.Allow = "GET, HEAD";
        }
        else if (call.Request.Path == "/" || call.Request.Path == Root || call.Request.Path == "/web/")
        {
            call.Response.Redirect("/web/jobs");
        }
        else if (await call.AuthenticateAsync() is { Succeeded: true } caller)
        {
            // Before the caller is known to the library, which binds the token to the caller of the moment: the token
            // of a session is checked before its key.
            var csrfToken = antiforgery.GetAndStoreTokens(call).RequestToken;
            call.User = caller.Principal;
            await RenderAsync(call, csrfToken);
        }
        else
        {
            await SignInMiddleware.RedirectAsync(call);
        }
    }

    private static Task RenderAsync(HttpContext call, string? csrfToken)
    {
        var path = call.Request.Path.Value!;
        var isJob = path.StartsWith("/web/jobs/", StringComparison.Ordinal) && path.Count('/') == 3;
        var page = isJob ? typeof(JobPage) : Pages.GetValueOrDefault(path, typeof(MissingPage));
        var parameters = new Dictionary<string, object?>
        {
            [nameof(ShellPage.Caller)] = call.Caller(),
            [nameof(ShellPage.Path)] = path,
            [nameof(ShellPage.CsrfToken)] = csrfToken,
            [nameof(ShellPage.CanSignOut)] = call.Features.Get<Session>() is not null,
        };
        if (isJob)
        {
            parameters[nameof(JobPage.JobId)] = path["/web/jobs/".Length..];
        }

        return new RazorComponentResult(page, parameters)
        {
            StatusCode = page == typeof(MissingPage) ? StatusCodes.Status404NotFound : StatusCodes.Status200OK,
        }.ExecuteAsync(call);
    }
}
