using ForegSyte.Hosting.Listening;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Http;

namespace ForegSyte.Hosting.Security;

/// <summary>Decides whether a caller may make a call.</summary>
internal sealed class RpcPermissionHandler : AuthorizationHandler<RpcPermissionRequirement>
{
    /// <summary>
    /// The permission that a call needs: none for what is not ours, if it is not open to everyone anyway.
    /// </summary>
    public static CallerPermissions NeededFor(HttpContext call) =>
        call.RpcRule()?.Permission ?? CallerPermissions.None;

    /// <inheritdoc />
    protected override Task HandleRequirementAsync(
        AuthorizationHandlerContext context, RpcPermissionRequirement requirement)
    {
        if (context.Resource is HttpContext call
            && (IsHealthCheck(call) || (call.FindCaller() is { } caller && caller.May(NeededFor(call)))))
        {
            context.Succeed(requirement);
        }

        return Task.CompletedTask;
    }

    /// <summary>The port for health checks serves nothing else, and everyone.</summary>
    private static bool IsHealthCheck(HttpContext call) => call.Features.Get<HealthConnection>() is not null;
}
