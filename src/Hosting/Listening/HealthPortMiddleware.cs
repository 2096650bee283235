using ForegSyte.Hosting.Errors;
using ForegSyte.V1;
using Microsoft.AspNetCore.Http;

namespace ForegSyte.Hosting.Listening;

/// <summary>Restricts the health port to grpc.health.v1.</summary>
internal sealed class HealthPortMiddleware(RequestDelegate next)
{
    private const string Health = "/grpc.health.v1.Health/";

    public Task InvokeAsync(HttpContext context) =>
        context.Features.Get<HealthConnection>() is null
        || context.Request.Path.StartsWithSegments(Health.TrimEnd('/'), StringComparison.Ordinal)
            ? next(context)
            : ErrorResponse.WriteAsync(
                context.Response,
                new ServiceException(
                    ErrorReason.PermissionDenied,
                    "This port (Listen:HealthPort) serves grpc.health.v1 only. Use the service's own port.")
                {
                    Metadata = new Dictionary<string, string>
                    {
                        ["permission"] = "none",
                        ["method"] = ServiceException.Shorten(context.Request.Path.Value ?? ""),
                    },
                });
}

/// <summary>Feature of connections to the health port.</summary>
internal sealed class HealthConnection
{
    public static readonly HealthConnection Instance = new();
}
