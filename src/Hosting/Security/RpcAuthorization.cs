using ForegSyte.Hosting.Errors;
using ForegSyte.Hosting.Listening;
using ForegSyte.Hosting.Security.Audit;
using ForegSyte.V1;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Authorization.Policy;
using Microsoft.AspNetCore.Http;

namespace ForegSyte.Hosting.Security;

/// <summary>Authorizes a call by the permission in its <see cref="RpcRule"/>.</summary>
internal sealed class RpcPermissionHandler : AuthorizationHandler<RpcPermissionRequirement>
{
    /// <summary>The required permission; none for RPCs of other packages, such as health and reflection.</summary>
    public static CallerPermissions NeededFor(HttpContext call) =>
        call.RpcRule()?.Permission ?? CallerPermissions.None;

    /// <inheritdoc />
    protected override Task HandleRequirementAsync(
        AuthorizationHandlerContext context, RpcPermissionRequirement requirement)
    {
        if (context.Resource is HttpContext call
            && (IsHealthCheck(call) || (call.FindCaller() is { } caller && call.RpcRule()?.Allows(caller) != false)))
        {
            context.Succeed(requirement);
        }

        return Task.CompletedTask;
    }

    /// <summary>The health port needs no credentials and serves nothing else.</summary>
    private static bool IsHealthCheck(HttpContext call) => call.Features.Get<HealthConnection>() is not null;
}

/// <summary>Requires the permission of the call's <see cref="RpcRule"/>.</summary>
internal sealed class RpcPermissionRequirement : IAuthorizationRequirement;

/// <summary>Returns UNAUTHENTICATED or PERMISSION_DENIED for refused calls and records them in the audit log.</summary>
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

        // The handler caches its result; this does not authenticate again.
        var refusal = context.FindCaller() is { } caller
            ? Denied(context, caller)
            : Unauthenticated(context, (await context.AuthenticateAsync()).Failure);
        audit.Refused(context, resource: "", refusal);
        await ErrorResponse.WriteAsync(context.Response, refusal);
    }

    private static ServiceException Denied(HttpContext context, Caller caller)
    {
        var needed = CallerGrant.NameOf(RpcPermissionHandler.NeededFor(context));
        return new ServiceException(
            ErrorReason.PermissionDenied,
            $"{caller.Id} cannot call {ServiceException.Shorten(context.RpcMethod())}: the call needs the permission "
            + $"{needed}. Ask the operator of the server for it.")
        {
            Metadata = new Dictionary<string, string>
            {
                ["permission"] = needed,
                ["method"] = ServiceException.Shorten(context.RpcMethod()),
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
            _ => ("unknown", "The credentials of the call cannot be validated."),
        };
        var metadata = new Dictionary<string, string>
        {
            ["problem"] = problem,
            ["method"] = ServiceException.Shorten(context.RpcMethod()),
        };
        if (failure is CredentialException { Claim: { } claim })
        {
            metadata["claim"] = claim;
        }

        return new ServiceException(
            ErrorReason.Unauthenticated,
            $"{message} Send an API key as x-api-key, a token as authorization: Bearer, or a client certificate "
            + "that the operator of the server issued.",
            failure)
        {
            Metadata = metadata,
        };
    }
}
