using ForegSyte.V1;
using Grpc.Core;
using Grpc.Core.Interceptors;
using Microsoft.Extensions.Logging;

namespace ForegSyte.Hosting.Errors;

/// <summary>
/// The one place that makes status codes. Expected failures are told as they are; an unexpected one is logged with an
/// id, and the caller is told the id and nothing else.
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
        new(ErrorReason.Internal, $"The service failed unexpectedly. Its log has the cause under error id {errorId}.")
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
                "{Method} answered {Reason}: {Message}", context.Method, expected.ReasonText, expected.Message);
            return RichStatus.From(expected).ToRpcException();
        }

        var errorId = Guid.NewGuid().ToString("N");
        logger.LogError(failure, "{Method} failed unexpectedly, error id {ErrorId}", context.Method, errorId);
        return RichStatus.From(Unexpected(errorId)).ToRpcException();
    }

    private static ServiceException Ended(ServerCallContext context) =>
        context.Deadline <= TimeProvider.System.GetUtcNow().UtcDateTime
            ? new ServiceException(ErrorReason.DeadlineExceeded, "The call took longer than its deadline.")
            : new ServiceException(ErrorReason.Cancelled, "The caller ended the call.");
}
