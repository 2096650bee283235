using ForegSyte.V1;
using Grpc.Core;
using Grpc.Core.Interceptors;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace ForegSyte.Hosting.Errors;

/// <summary>
/// The one place that makes status codes. Expected failures are told as they are; an unexpected one is logged with an
/// id, and the caller is told the id and nothing else.
/// </summary>
public sealed class ErrorInterceptor(ILogger<ErrorInterceptor> logger) : Interceptor
{
    private static readonly object Reached = new();

    /// <summary>Whether a call came this far: its request could be read, and its failures have their reasons.</summary>
    public static bool WasReachedBy(HttpContext context) => context.Items.ContainsKey(Reached);

    /// <inheritdoc />
    public override async Task<TResponse> UnaryServerHandler<TRequest, TResponse>(
        TRequest request, ServerCallContext context, UnaryServerMethod<TRequest, TResponse> continuation)
    {
        context.GetHttpContext().Items[Reached] = true;
        try
        {
            return await continuation(request, context);
        }
        catch (ServiceException failure)
        {
            logger.LogInformation(
                "{Method} answered {Reason}: {Message}", context.Method, failure.ReasonText, failure.Message);
            throw RichStatus.From(failure).ToRpcException();
        }
        catch (OperationCanceledException) when (context.CancellationToken.IsCancellationRequested)
        {
            throw RichStatus.From(Ended(context)).ToRpcException();
        }
        catch (Exception failure) when (failure is not RpcException)
        {
            var errorId = Guid.NewGuid().ToString("N");
            logger.LogError(failure, "{Method} failed unexpectedly, error id {ErrorId}", context.Method, errorId);
            throw RichStatus.From(Unexpected(errorId)).ToRpcException();
        }
    }

    private static ServiceException Ended(ServerCallContext context) =>
        context.Deadline <= TimeProvider.System.GetUtcNow().UtcDateTime
            ? new ServiceException(ErrorReason.DeadlineExceeded, "The call took longer than its deadline.")
            : new ServiceException(ErrorReason.Cancelled, "The caller ended the call.");

    private static ServiceException Unexpected(string errorId) =>
        new(ErrorReason.Internal, $"The service failed unexpectedly. Its log has the cause under error id {errorId}.")
        {
            Metadata = new Dictionary<string, string> { ["errorId"] = errorId },
        };
}
