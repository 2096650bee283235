using ForegSyte.Hosting.Errors;
using ForegSyte.Protocol.Errors;
using ForegSyte.V1;
using Google.Protobuf;
using Grpc.Core;
using Grpc.Core.Interceptors;

namespace ForegSyte.Hosting.Security.Audit;

/// <summary>Writes an audit line for each call whose <see cref="RpcRule"/> requires one.</summary>
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
            var resource = AuditedResource.Of(request, response: null);
            if (failure is ServiceException refusal)
            {
                audit.Refused(call, resource, refusal);
            }
            else
            {
                audit.Ended(call, resource, OutcomeOf(failure));
            }

            throw;
        }
    }

    private static string OutcomeOf(Exception failure) => failure switch
    {
        OperationCanceledException => ErrorReason.Cancelled.ToText(),

        // The error of another node that answered for this one.
        RpcException passedOn when ErrorStatus.ReasonOf(passedOn.GetRpcStatus()) is not ErrorReason.Unspecified
            and var reason => reason.ToText(),
        _ => ErrorReason.Internal.ToText(),
    };
}

/// <summary>Finds the job or upload of a call: the one in the response, otherwise the one in the request.</summary>
internal static class AuditedResource
{
    /// <summary>Longest id to log, in characters; callers can send anything.</summary>
    private const int MaxLength = 64;

    private static readonly string[] Ids = ["job_id", "upload_id"];
    private static readonly string[] Made = ["job", "upload"];

    /// <summary>The id; empty if the call has none.</summary>
    public static string Of(object request, object? response)
    {
        var id = IdIn(response as IMessage) ?? IdIn(request as IMessage) ?? "";
        return id.Length <= MaxLength && id.All(x => char.IsAsciiLetterOrDigit(x) || x == '-') ? id : "invalid";
    }

    private static string? IdIn(IMessage? message)
    {
        if (message is null)
        {
            return null;
        }

        var made = Made.Select(name => Value(message, name)).OfType<IMessage>().FirstOrDefault() ?? message;
        return Ids.Select(name => Value(made, name)).OfType<string>().FirstOrDefault(id => id.Length > 0);
    }

    private static object? Value(IMessage message, string name) =>
        message.Descriptor.FindFieldByName(name) is { } field
        && (!field.HasPresence || field.Accessor.HasValue(message))
            ? field.Accessor.GetValue(message)
            : null;
}
