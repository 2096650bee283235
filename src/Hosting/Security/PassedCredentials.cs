using ForegSyte.Hosting.Listening;
using Grpc.Core;

namespace ForegSyte.Hosting.Security;

/// <summary>The credentials of a caller, for a call that one service makes to another on the caller's behalf.</summary>
public static class PassedCredentials
{
    private const string Authorization = "authorization";
    private const string ForwardedFor = "x-forwarded-for";

    /// <summary>
    /// Whether a call has a header. <see cref="ServerCallContext.RequestHeaders"/> would decode all binary headers, and
    /// fail for an invalid one.
    /// </summary>
    public static bool HasHeader(ServerCallContext context, string name) =>
        context.GetHttpContext().Request.Headers.ContainsKey(name);

    /// <summary>
    /// The headers that authenticate the caller elsewhere, and its address for Http:KnownProxies. Null if it
    /// authenticated without headers, by client certificate or over the Unix socket: nobody else can do that for it.
    /// </summary>
    public static Metadata? Of(ServerCallContext context)
    {
        var call = context.GetHttpContext();
        var headers = new Metadata();
        foreach (var name in (string[])[PresentedCredentials.ApiKeyHeader, Authorization])
        {
            if (call.Request.Headers[name] is [{ } value])
            {
                headers.Add(name, value);
            }
        }

        if (headers.Count == 0 && call.Caller() != Caller.Anonymous)
        {
            return null;
        }

        if (call.Connection.RemoteIpAddress is { } address && call.Features.Get<LocalConnection>() is null)
        {
            headers.Add(ForwardedFor, address.ToString());
        }

        return headers;
    }
}
