using Grpc.Core;
using Microsoft.AspNetCore.Http;

namespace ForegSyte.Hosting.Security;

/// <summary>Who makes a call, for the methods that answer it.</summary>
public static class CallerOfCall
{
    /// <summary>The caller. Authorization came before, so that there is one.</summary>
    public static Caller Caller(this ServerCallContext context) => context.GetHttpContext().Caller();

    /// <summary>The caller. Authorization came before, so that there is one.</summary>
    /// <exception cref="InvalidOperationException">The call was not authorized; a defect of the service.</exception>
    public static Caller Caller(this HttpContext context) => context.FindCaller()
        ?? throw new InvalidOperationException($"Nothing said who calls {context.Request.Path}.");

    /// <summary>The caller; null where nobody is known, as with calls that are open to everyone.</summary>
    internal static Caller? FindCaller(this HttpContext context) => (context.User.Identity as CallerIdentity)?.Caller;
}
