using Grpc.Core;
using Microsoft.AspNetCore.Http;

namespace ForegSyte.Hosting.Security;

/// <summary>Who makes a call, for the methods that answer it.</summary>
public static class CallerOfCall
{
    /// <summary>The caller. Authorization came before, so that there always is one.</summary>
    public static Caller Caller(this ServerCallContext context) => context.GetHttpContext().Caller();

    /// <summary>The caller.</summary>
    public static Caller Caller(this HttpContext context) =>
        context.Features.Get<Caller>() ?? Security.Caller.Anonymous;
}
