using ForegSyte.Hosting.Errors;
using ForegSyte.Hosting.Security.Audit;
using ForegSyte.V1;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Authorization.Policy;
using Microsoft.AspNetCore.Http;

namespace ForegSyte.Hosting.Security;

/// <summary>
/// Lets a call through, or answers it with UNAUTHENTICATED or PERMISSION_DENIED, and writes that down.
/// </summary>
internal sealed class AuthorizationResultHandler(AuditLog audit) : IAuthorizationMiddlewareResultHandler
{
    /// <inheritdoc />
    public async Task HandleAsync(
        RequestDelegate next,
        HttpContext context,
        AuthorizationPolicy policy,
        PolicyAuthorizationResult authorizeResult)
    {
        if (authorizeResult.Succeeded)
        {
            await next(context);
            return;
        }

        // The answer of the scheme is remembered: it is asked why, and not to look again.
        var refusal = context.FindCaller() is { } caller
            ? Denied(context, caller)
            : Unauthenticated(context, (await context.AuthenticateAsync()).Failure);
        audit.Denied(context, refusal);
        await ErrorResponse.WriteAsync(context.Response, refusal);
    }

    private static ServiceException Denied(HttpContext context, Caller caller)
    {
        var needed = CallerGrant.NameOf(RpcPermissionHandler.NeededFor(context));
        return new ServiceException(
            ErrorReason.PermissionDenied,
            $"{caller.Id} may not call {context.RpcMethod()}: that needs the permission {needed}. Ask the operator of "
            + "the server for it.")
        {
            Metadata = new Dictionary<string, string>
            {
                ["permission"] = needed,
                ["method"] = context.RpcMethod(),
                ["caller"] = caller.Id,
            },
        };
    }

    private static ServiceException Unauthenticated(HttpContext context, Exception? failure)
    {
        var (problem, message) = failure switch
        {
            CredentialException refusal => (refusal.Problem, refusal.Message),
            null => ("missing", "The call carries no credentials."),
            _ => ("unknown", "The credentials of the call could not be checked."),
        };
        var metadata = new Dictionary<string, string> { ["problem"] = problem, ["method"] = context.RpcMethod() };
        if (failure is CredentialException { Claim: { } claim })
        {
            metadata["claim"] = claim;
        }

        return new ServiceException(
            ErrorReason.Unauthenticated,
            $"{message} Send an API key as x-api-key, a token as authorization: Bearer, or a client certificate, as "
            + "the operator of the server gave it to you.",
            failure)
        {
            Metadata = metadata,
        };
    }
}
