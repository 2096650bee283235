using System.Diagnostics;
using Grpc.Core;
using Grpc.Core.Interceptors;

namespace ForegSyte.Protocol.Tracing;

/// <summary>
/// Client interceptor that creates a span for each unary call and sends its context, so that the server's spans join
/// the caller's trace. If nobody listens to the source, it sends the context of the current activity, if there is one.
/// </summary>
/// <remarks>
/// Sets the call's headers, because the headers that HttpClient sets contain the id of its own span, which is missing
/// from the trace if it is not exported.
/// </remarks>
/// <param name="source">Source of the spans.</param>
public sealed class CallTracing(ActivitySource source) : Interceptor
{
    /// <inheritdoc />
    public override AsyncUnaryCall<TResponse> AsyncUnaryCall<TRequest, TResponse>(
        TRequest request,
        ClientInterceptorContext<TRequest, TResponse> context,
        AsyncUnaryCallContinuation<TRequest, TResponse> continuation)
    {
        var caller = Activity.Current;
        var span = source.HasListeners() ? Start(context.Method.FullName[1..]) : null;
        if ((span ?? caller) is not { } sent)
        {
            return continuation(request, context);
        }

        try
        {
            var call = continuation(request, WithContextOf(sent, context));
            return span is null
                ? call
                : new AsyncUnaryCall<TResponse>(
                    EndAsync(call.ResponseAsync, span), call.ResponseHeadersAsync, call.GetStatus, call.GetTrailers,
                    call.Dispose);
        }
        finally
        {
            // The span continues; the caller's code does not run in it.
            Activity.Current = caller;
        }
    }

    private Activity? Start(string method) => source.StartActivity(method, ActivityKind.Client)
        ?.SetTag(TraceAttributes.System, TraceAttributes.Grpc)
        .SetTag(TraceAttributes.Method, method);

    private static ClientInterceptorContext<TRequest, TResponse> WithContextOf<TRequest, TResponse>(
        Activity span, ClientInterceptorContext<TRequest, TResponse> context)
        where TRequest : class
        where TResponse : class
    {
        var headers = new Metadata();
        foreach (var given in context.Options.Headers ?? [])
        {
            headers.Add(given);
        }

        DistributedContextPropagator.Current.Inject(
            span, headers, static (carrier, name, value) => ((Metadata)carrier!).Add(name, value));
        return new ClientInterceptorContext<TRequest, TResponse>(
            context.Method, context.Host, context.Options.WithHeaders(headers));
    }

    private static async Task<TResponse> EndAsync<TResponse>(Task<TResponse> response, Activity span)
    {
        // The client may throw OperationCanceledException instead of RpcException.
        var code = StatusCode.Cancelled;
        try
        {
            var message = await response.ConfigureAwait(false);
            code = StatusCode.OK;
            return message;
        }
        catch (RpcException failure)
        {
            code = failure.StatusCode;
            throw;
        }
        finally
        {
            End(span, code);
        }
    }

    /// <summary>For a client, every code except OK is an error.</summary>
    private static void End(Activity span, StatusCode code)
    {
        var name = StatusCodeNames.Of(code);
        span.SetTag(TraceAttributes.StatusCode, name);
        if (code != StatusCode.OK)
        {
            span.SetTag(TraceAttributes.ErrorType, name).SetStatus(ActivityStatusCode.Error);
        }

        span.Dispose();
    }
}
