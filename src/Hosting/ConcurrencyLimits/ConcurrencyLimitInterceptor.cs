using System.Globalization;
using System.Threading.RateLimiting;
using ForegSyte.Hosting.Configuration;
using ForegSyte.Hosting.Errors;
using ForegSyte.V1;
using Grpc.Core;
using Grpc.Core.Interceptors;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace ForegSyte.Hosting.ConcurrencyLimits;

/// <summary>
/// Limits the number of concurrent calls. A call counts from the arrival of its message until its handler returns, so
/// that slow senders and readers do not count. Long polls, streaming calls and downloads have limits of their own;
/// health checks have none.
/// </summary>
internal sealed class ConcurrencyLimitInterceptor(IOptions<CallOptions> options) : Interceptor, IDisposable
{
    private const string HealthCheck = "/grpc.health.v1.Health/Check";

    private readonly CallLimit _running = new(nameof(CallOptions.MaxRunning), options.Value.MaxRunning, options.Value);
    private readonly CallLimit _longPolls =
        new(nameof(CallOptions.MaxWaiting), options.Value.MaxWaiting, options.Value);
    private readonly CallLimit _streaming =
        new(nameof(CallOptions.MaxStreaming), options.Value.MaxStreaming, options.Value);
    private readonly CallLimit _downloads =
        new(nameof(CallOptions.MaxDownloads), options.Value.MaxDownloads, options.Value);

    /// <summary>Number of running calls, excluding long polls and streaming calls.</summary>
    public int Running => _running.Count;

    /// <summary>Number of running long polls.</summary>
    public int LongPolls => _longPolls.Count;

    /// <summary>Number of running streaming calls.</summary>
    public int Streaming => _streaming.Count;

    /// <summary>Number of files that are being sent over HTTP.</summary>
    public int Downloads => _downloads.Count;

    /// <summary>Takes the slot of a download, which begins when its call has ended.</summary>
    /// <exception cref="ServiceException">TOO_MANY_CALLS.</exception>
    public IDisposable EnterDownload() => _downloads.Enter();

    /// <inheritdoc />
    public override async Task<TResponse> UnaryServerHandler<TRequest, TResponse>(
        TRequest request, ServerCallContext context, UnaryServerMethod<TRequest, TResponse> continuation)
    {
        if (context.Method == HealthCheck)
        {
            return await continuation(request, context);
        }

        var method = context.GetHttpContext().GetEndpoint()?.Metadata;
        var limit = method?.GetMetadata<LongPollAttribute>() is null ? _running : _longPolls;
        using var slot = limit.Enter();
        return await continuation(request, context);
    }

    /// <inheritdoc />
    public override async Task ServerStreamingServerHandler<TRequest, TResponse>(
        TRequest request,
        IServerStreamWriter<TResponse> responseStream,
        ServerCallContext context,
        ServerStreamingServerMethod<TRequest, TResponse> continuation)
    {
        using var slot = _streaming.Enter();
        await continuation(request, responseStream, context);
    }

    /// <inheritdoc />
    public override async Task DuplexStreamingServerHandler<TRequest, TResponse>(
        IAsyncStreamReader<TRequest> requestStream,
        IServerStreamWriter<TResponse> responseStream,
        ServerCallContext context,
        DuplexStreamingServerMethod<TRequest, TResponse> continuation)
    {
        using var slot = _streaming.Enter();
        await continuation(requestStream, responseStream, context);
    }

    /// <inheritdoc />
    public void Dispose()
    {
        _running.Dispose();
        _longPolls.Dispose();
        _streaming.Dispose();
        _downloads.Dispose();
    }

    /// <summary>One of the limits.</summary>
    private sealed class CallLimit(string option, int limit, CallOptions options) : IDisposable
    {
        private readonly ConcurrencyLimiter _limiter = new(new() { PermitLimit = limit, QueueLimit = 0 });

        public int Count => limit - (int)_limiter.GetStatistics()!.CurrentAvailablePermits;

        /// <summary>Takes a slot until the lease is disposed.</summary>
        /// <exception cref="ServiceException">TOO_MANY_CALLS.</exception>
        public RateLimitLease Enter()
        {
            var lease = _limiter.AttemptAcquire();
            if (lease.IsAcquired)
            {
                return lease;
            }

            lease.Dispose();
            throw TooManyCalls.Error(
                option, limit, options.BusyRetryDelay, "The service is at its limit of concurrent calls of this kind");
        }

        public void Dispose() => _limiter.Dispose();
    }
}

/// <summary>
/// Marks the implementation of a method as a long poll: its calls count against Calls:MaxWaiting instead of
/// Calls:MaxRunning.
/// </summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class LongPollAttribute : Attribute;

/// <summary>Creates the error that a limit of <see cref="CallOptions"/> returns when it is exceeded.</summary>
internal static class TooManyCalls
{
    /// <param name="option">Name of the option.</param>
    /// <param name="limit">Its value.</param>
    /// <param name="retryDelay">When the caller can retry.</param>
    /// <param name="problem">Which limit is exceeded, a sentence without full stop.</param>
    public static ServiceException Error(string option, long limit, TimeSpan retryDelay, string problem)
    {
        var name = $"{CallOptions.Section}:{option}";
        var value = limit.ToString(CultureInfo.InvariantCulture);
        return new ServiceException(
            ErrorReason.TooManyCalls, $"{problem} (option {name}, {value}). Retry after the retry delay.")
        {
            Metadata = new Dictionary<string, string> { ["option"] = name, ["limit"] = value },
            RetryAfter = retryDelay,
        };
    }
}

/// <summary>Registers the limits of calls.</summary>
internal static class ConcurrencyLimitsServiceCollectionExtensions
{
    public static void AddConcurrencyLimits(this IServiceCollection services)
    {
        services.AddCheckedOptions<CallOptions>(CallOptions.Section);
        services.AddSingleton<SlowCallEvictor>();
        services.AddSingleton<ConcurrencyLimitInterceptor>();
    }
}
