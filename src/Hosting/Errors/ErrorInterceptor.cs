using ForegSyte.V1;
using Grpc.Core;
using Grpc.Core.Interceptors;
using Microsoft.Extensions.Logging;

namespace ForegSyte.Hosting.Errors;

/// <summary>
/// Maps exceptions to gRPC statuses. The caller gets expected failures unchanged; for an unexpected failure the caller
/// gets only an error id, under which the log has the cause.
/// </summary>
public sealed class ErrorInterceptor(ILogger<ErrorInterceptor> logger) : Interceptor
{
    /// <inheritdoc />
    public override async Task<TResponse> UnaryServerHandler<TRequest, TResponse>(
        TRequest request, ServerCallContext context, UnaryServerMethod<TRequest, TResponse> continuation)
    {
        context.GetHttpContext().Features.Set(HandlerReachedFeature.Mark);
        try
        {
            return await continuation(request, context);
        }
        catch (Exception failure) when (failure is not RpcException)
        {
            throw StatusOf(failure, context);
        }
    }

    /// <inheritdoc />
    public override async Task ServerStreamingServerHandler<TRequest, TResponse>(
        TRequest request,
        IServerStreamWriter<TResponse> responseStream,
        ServerCallContext context,
        ServerStreamingServerMethod<TRequest, TResponse> continuation)
    {
        context.GetHttpContext().Features.Set(HandlerReachedFeature.Mark);
        try
        {
            await continuation(request, responseStream, context);
        }
        catch (Exception failure) when (failure is not RpcException)
        {
            throw StatusOf(failure, context);
        }
    }

    /// <inheritdoc />
    public override async Task DuplexStreamingServerHandler<TRequest, TResponse>(
        IAsyncStreamReader<TRequest> requestStream,
        IServerStreamWriter<TResponse> responseStream,
        ServerCallContext context,
        DuplexStreamingServerMethod<TRequest, TResponse> continuation)
    {
        context.GetHttpContext().Features.Set(HandlerReachedFeature.Mark);
        try
        {
            await continuation(requestStream, responseStream, context);
        }
        catch (Exception failure) when (failure is not RpcException)
        {
            throw StatusOf(failure, context);
        }
    }

    internal static ServiceException Unexpected(string errorId) =>
        new(ErrorReason.Internal, $"The service failed unexpectedly. The log has the cause under error id {errorId}.")
        {
            Metadata = new Dictionary<string, string> { ["errorId"] = errorId },
        };

    private RpcException StatusOf(Exception failure, ServerCallContext context)
    {
        var expected = failure switch
        {
            ServiceException own => own,
            OperationCanceledException when context.CancellationToken.IsCancellationRequested => Ended(context),
            _ => null,
        };
        if (expected is not null)
        {
            logger.LogInformation(
                "{Method} failed with {Reason}: {Message}", context.Method, expected.ReasonText, expected.Message);
            return RichStatus.From(expected).ToRpcException();
        }

        var errorId = Guid.NewGuid().ToString("N");
        logger.LogError(failure, "{Method} failed unexpectedly (error id {ErrorId})", context.Method, errorId);
        return RichStatus.From(Unexpected(errorId)).ToRpcException();
    }

    private static ServiceException Ended(ServerCallContext context) =>
        context.Deadline <= TimeProvider.System.GetUtcNow().UtcDateTime
            ? new ServiceException(ErrorReason.DeadlineExceeded, "The call exceeded its deadline.")
            : new ServiceException(ErrorReason.Cancelled, "The caller cancelled the call.");
}

/// <summary>
/// Feature of calls whose handler was reached; later failures are not the fault of the request's encoding.
/// </summary>
internal sealed class HandlerReachedFeature
{
    public static readonly HandlerReachedFeature Mark = new();
}
