using ForegSyte.Hosting.Errors;
using ForegSyte.Protocol.Errors;
using ForegSyte.V1;
using Grpc.Core;
using Grpc.Core.Interceptors;

namespace ForegSyte.Hosting.Security.Audit;

/// <summary>Writes down the calls that <see cref="RpcRules"/> says are to be.</summary>
internal sealed class AuditInterceptor(AuditLog audit) : Interceptor
{
    /// <inheritdoc />
    public override async Task<TResponse> UnaryServerHandler<TRequest, TResponse>(
        TRequest request, ServerCallContext context, UnaryServerMethod<TRequest, TResponse> continuation)
    {
        var call = context.GetHttpContext();
        if (call.RpcRule() is not { IsAudited: true })
        {
            return await continuation(request, context);
        }

        try
        {
            var response = await continuation(request, context);
            audit.Ended(call, AuditedResource.Of(request, response), "OK");
            return response;
        }
        catch (Exception failure)
        {
            audit.Ended(call, AuditedResource.Of(request, response: null), OutcomeOf(failure));
            throw;
        }
    }

    private static string OutcomeOf(Exception failure) => failure switch
    {
        ServiceException expected => expected.ReasonText,
        OperationCanceledException => ErrorReason.Cancelled.ToText(),
        _ => ErrorReason.Internal.ToText(),
    };
}
