using Microsoft.AspNetCore.Http;

namespace ForegSyte.Hosting.Connections;

/// <summary>Tells the <see cref="ConnectionTable"/> which connections have calls.</summary>
internal sealed class CallTracking(RequestDelegate next, ConnectionTable table)
{
    /// <summary>Runs a call.</summary>
    public async Task InvokeAsync(HttpContext context)
    {
        if (context.Features.Get<TrackedConnection>() is not { } connection)
        {
            await next(context);
            return;
        }

        table.CallBegan(connection);
        try
        {
            await next(context);
        }
        finally
        {
            table.CallEnded(connection);
        }
    }
}
