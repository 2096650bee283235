using System.Globalization;
using System.Threading.RateLimiting;
using ForegSyte.Hosting.Configuration;
using ForegSyte.Hosting.Errors;
using ForegSyte.Hosting.Security;
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
internal sealed class ConcurrencyLimitInterceptor(
    IOptions<CallOptions> options, IOptions<TenantCallLimits> tenants) : Interceptor, IDisposable
{
    private const string HealthCheck = "/grpc.health.v1.Health/Check";

    private readonly CallLimit _running =
        new(nameof(CallOptions.MaxRunning), options.Value.MaxRunning, options.Value, tenants.Value.Running);
    private readonly CallLimit _longPolls =
        new(nameof(CallOptions.MaxWaiting), options.Value.MaxWaiting, options.Value, tenants.Value.LongPolls);
    private readonly CallLimit _streaming =
        new(nameof(CallOptions.MaxStreaming), options.Value.MaxStreaming, options.Value, ofTenant: null);
    private readonly CallLimit _downloads =
        new(nameof(CallOptions.MaxDownloads), options.Value.MaxDownloads, options.Value, tenants.Value.Downloads);

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
    public IDisposable EnterDownload(HttpContext context) => _downloads.Enter(context);

    /// <inheritdoc />
    public override async Task<TResponse> UnaryServerHandler<TRequest, TResponse>(
        TRequest request, ServerCallContext context, UnaryServerMethod<TRequest, TResponse> continuation)
    {
        if (context.Method == HealthCheck)
        {
            return await continuation(request, context);
        }

        var call = context.GetHttpContext();
        var method = call.GetEndpoint()?.Metadata;
        var limit = method?.GetMetadata<LongPollAttribute>() is null ? _running : _longPolls;
        using var slot = limit.Enter(call);
        return await continuation(request, context);
    }

    /// <inheritdoc />
    public override async Task ServerStreamingServerHandler<TRequest, TResponse>(
        TRequest request,
        IServerStreamWriter<TResponse> responseStream,
        ServerCallContext context,
        ServerStreamingServerMethod<TRequest, TResponse> continuation)
    {
        using var slot = _streaming.Enter(context.GetHttpContext());
        await continuation(request, responseStream, context);
    }

    /// <inheritdoc />
    public override async Task DuplexStreamingServerHandler<TRequest, TResponse>(
        IAsyncStreamReader<TRequest> requestStream,
        IServerStreamWriter<TResponse> responseStream,
        ServerCallContext context,
        DuplexStreamingServerMethod<TRequest, TResponse> continuation)
    {
        using var slot = _streaming.Enter(context.GetHttpContext());
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

    /// <summary>One of the limits, with its limit of each tenant.</summary>
    private sealed class CallLimit(
        string option, int limit, CallOptions options, Func<string, TenantCallLimit>? ofTenant) : IDisposable
    {
        private readonly ConcurrencyLimiter _limiter = new(new() { PermitLimit = limit, QueueLimit = 0 });
        private readonly Lock _lock = new();
        private readonly Dictionary<string, int> _tenants = [];

        public int Count => limit - (int)_limiter.GetStatistics()!.CurrentAvailablePermits;

        /// <summary>Takes a slot until the result is disposed.</summary>
        /// <exception cref="ServiceException">TOO_MANY_CALLS.</exception>
        public IDisposable Enter(HttpContext context)
        {
            var lease = _limiter.AttemptAcquire();
            if (!lease.IsAcquired)
            {
                lease.Dispose();
                throw TooManyCalls.Error(
                    option, limit, options.BusyRetryDelay,
                    "The service is at its limit of concurrent calls of this kind");
            }

            if (ofTenant is null)
            {
                return lease;
            }

            var tenant = context.FindCaller()?.Tenant ?? "";
            var own = ofTenant(tenant);
            if (TryEnterTenant(tenant, own.Calls))
            {
                return new TenantSlot(this, tenant, lease);
            }

            lease.Dispose();
            throw TooManyCalls.OfTenant(tenant, own, options.BusyRetryDelay);
        }

        public void Dispose() => _limiter.Dispose();

        private bool TryEnterTenant(string tenant, int calls)
        {
            lock (_lock)
            {
                var count = _tenants.GetValueOrDefault(tenant);
                if (count >= calls)
                {
                    return false;
                }

                _tenants[tenant] = count + 1;
                return true;
            }
        }

        private void LeaveTenant(string tenant)
        {
            lock (_lock)
            {
                if (_tenants.GetValueOrDefault(tenant) is > 1 and var count)
                {
                    _tenants[tenant] = count - 1;
                }
                else
                {
                    _tenants.Remove(tenant);
                }
            }
        }

        private sealed class TenantSlot(CallLimit owner, string tenant, RateLimitLease lease) : IDisposable
        {
            private RateLimitLease? _lease = lease;

            public void Dispose()
            {
                if (Interlocked.Exchange(ref _lease, null) is { } lease)
                {
                    lease.Dispose();
                    owner.LeaveTenant(tenant);
                }
            }
        }
    }
}

/// <summary>
/// The limits of concurrent calls of each tenant, which a service sets if it has tenants; null for none.
/// </summary>
public sealed class TenantCallLimits
{
    /// <summary>Calls other than long polls, streams and downloads.</summary>
    public Func<string, TenantCallLimit>? Running { get; set; }

    /// <summary>Long polls.</summary>
    public Func<string, TenantCallLimit>? LongPolls { get; set; }

    /// <summary>Downloads over HTTP.</summary>
    public Func<string, TenantCallLimit>? Downloads { get; set; }
}

/// <summary>The limit of concurrent calls of a tenant.</summary>
/// <param name="Calls">Maximum number of calls.</param>
/// <param name="Option">Section and name of the option that sets it.</param>
public sealed record TenantCallLimit(int Calls, string Option);

/// <summary>
/// Marks the implementation of a method as a long poll: its calls count against Calls:MaxWaiting instead of
/// Calls:MaxRunning.
/// </summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class LongPollAttribute : Attribute;

/// <summary>Creates the error that a limit of <see cref="CallOptions"/> returns when it is exceeded.</summary>
public static class TooManyCalls
{
    /// <summary>The error of a tenant that has as many calls as it may.</summary>
    public static ServiceException OfTenant(string tenant, TenantCallLimit limit, TimeSpan retryDelay)
    {
        var value = limit.Calls.ToString(CultureInfo.InvariantCulture);
        return new ServiceException(
            ErrorReason.TooManyCalls,
            $"The tenant \"{tenant}\" is at its limit of {value} concurrent calls of this kind (option "
            + $"{limit.Option}). Retry after the retry delay.")
        {
            Metadata = new Dictionary<string, string>
            {
                ["option"] = limit.Option,
                ["limit"] = value,
                ["tenant"] = tenant,
            },
            RetryAfter = retryDelay,
        };
    }

    /// <summary>The error of a service that has as many calls as it may.</summary>
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
