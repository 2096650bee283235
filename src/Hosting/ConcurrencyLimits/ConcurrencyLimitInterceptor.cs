using Grpc.Core;
using Grpc.Core.Interceptors;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;

namespace ForegSyte.Hosting.ConcurrencyLimits;

/// <summary>
/// Gives each call a place while it is worked on: after its message has arrived, and until its answer leaves, so that
/// slow senders and readers hold none.
/// </summary>
internal sealed class ConcurrencyLimitInterceptor(IOptions<CallOptions> options) : Interceptor
{
    private const string HealthCheck = "/grpc.health.v1.Health/Check";

    private readonly ConcurrencyLimiter _running =
        Places(nameof(CallOptions.MaxRunning), options.Value.MaxRunning, options);
    private readonly ConcurrencyLimiter _waiting =
        Places(nameof(CallOptions.MaxWaiting), options.Value.MaxWaiting, options);
    private readonly ConcurrencyLimiter _streaming =
        Places(nameof(CallOptions.MaxStreaming), options.Value.MaxStreaming, options);

    /// <summary>Calls that wait by their nature now.</summary>
    public int Waiting => _waiting.Taken;

    /// <inheritdoc />
    public override async Task<TResponse> UnaryServerHandler<TRequest, TResponse>(
        TRequest request, ServerCallContext context, UnaryServerMethod<TRequest, TResponse> continuation)
    {
        if (context.Method == HealthCheck)
        {
            return await continuation(request, context);
        }

        var method = context.GetHttpContext().GetEndpoint()?.Metadata;
        var places = method?.GetMetadata<WaitingCallAttribute>() is null ? _running : _waiting;
        places.Enter();
        try
        {
            return await continuation(request, context);
        }
        finally
        {
            places.Leave();
        }
    }

    /// <inheritdoc />
    public override async Task ServerStreamingServerHandler<TRequest, TResponse>(
        TRequest request,
        IServerStreamWriter<TResponse> responseStream,
        ServerCallContext context,
        ServerStreamingServerMethod<TRequest, TResponse> continuation)
    {
        _streaming.Enter();
        try
        {
            await continuation(request, responseStream, context);
        }
        finally
        {
            _streaming.Leave();
        }
    }

    /// <inheritdoc />
    public override async Task DuplexStreamingServerHandler<TRequest, TResponse>(
        IAsyncStreamReader<TRequest> requestStream,
        IServerStreamWriter<TResponse> responseStream,
        ServerCallContext context,
        DuplexStreamingServerMethod<TRequest, TResponse> continuation)
    {
        _streaming.Enter();
        try
        {
            await continuation(requestStream, responseStream, context);
        }
        finally
        {
            _streaming.Leave();
        }
    }

    private static ConcurrencyLimiter Places(string option, int places, IOptions<CallOptions> options) =>
        new($"{CallOptions.Section}:{option}", places, options.Value.BusyRetryDelay);
}
