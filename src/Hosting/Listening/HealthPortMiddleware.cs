using ForegSyte.Hosting.Errors;
using ForegSyte.V1;
using Microsoft.AspNetCore.Http;

namespace ForegSyte.Hosting.Listening;

/// <summary>Answers health checks on the port that is for them, and nothing else there.</summary>
internal sealed class HealthPortMiddleware(RequestDelegate next)
{
    private const string Health = "/grpc.health.v1.Health/";

    /// <summary>Lets a request through, or answers it.</summary>
    public Task InvokeAsync(HttpContext context) =>
        context.Features.Get<HealthConnection>() is null
        || context.Request.Path.StartsWithSegments(Health.TrimEnd('/'), StringComparison.Ordinal)
            ? next(context)
            : ErrorResponse.WriteAsync(
                context.Response,
                new ServiceException(
                    ErrorReason.PermissionDenied,
                    "This port (Listen:HealthPort) serves grpc.health.v1 alone. Make the call on the service's own.")
                {
                    Metadata = new Dictionary<string, string>
                    {
                        ["permission"] = "none",
                        ["method"] = context.Request.Path.Value ?? "",
                    },
                });
}
