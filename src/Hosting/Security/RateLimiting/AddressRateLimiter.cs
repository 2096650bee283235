using System.Globalization;
using System.Net;
using System.Net.Sockets;
using ForegSyte.Hosting.Errors;
using ForegSyte.Hosting.Http;
using ForegSyte.Hosting.Listening;
using ForegSyte.Hosting.Telemetry;
using ForegSyte.V1;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace ForegSyte.Hosting.Security.RateLimiting;

/// <summary>
/// Limits the calls of each address with a token bucket, before credentials are checked: a caller without credentials
/// has no tenant whose rate could be limited. Health checks, the metrics port, loopback and the Unix socket have no
/// limit.
/// </summary>
internal sealed class AddressRateMiddleware(
    RequestDelegate next, AddressRateLimiter limiter, JsonResponseWriter writer, IOptions<RateOptions> options)
{
    private const string Option = $"{RateOptions.Section}:{nameof(RateOptions.AddressCallsPerSecond)}";

    private static readonly PathString GrpcHealth = "/grpc.health.v1.Health";

    public Task InvokeAsync(HttpContext call)
    {
        if (IsFree(call) || call.Connection.RemoteIpAddress is not { } address || limiter.TryTake(address))
        {
            return next(call);
        }

        var limit = options.Value.AddressCallsPerSecond.ToString(CultureInfo.InvariantCulture);
        var refusal = new ServiceException(
            ErrorReason.RateLimited,
            $"Your address exceeds {limit} calls per second (option {Option}). Retry after the delay in RetryInfo.")
        {
            Metadata = new Dictionary<string, string> { ["option"] = Option, ["limit"] = limit },
            Quota = new QuotaViolation("address", $"{limit} calls per second."),
            RetryAfter = limiter.Delay,
        };
        return call.Features.Get<HttpConnection>() is null
            ? ErrorResponse.WriteAsync(call.Response, refusal)
            : writer.WriteErrorAsync(call, RichStatus.From(refusal));
    }

    private static bool IsFree(HttpContext call) =>
        call.Features.Get<LocalConnection>() is not null
        || call.Features.Get<HealthConnection>() is not null
        || call.Features.Get<MetricsConnection>() is not null
        || call.Request.Path.StartsWithSegments(GrpcHealth, StringComparison.Ordinal)
        || call.Request.Path == HttpRoutes.HealthPath;
}

/// <summary>
/// Token buckets by address. The table is bounded: at its limit it forgets the address that was silent for the longest
/// time.
/// </summary>
internal sealed class AddressRateLimiter(
    IOptions<RateOptions> options, IOptions<HttpOptions> http, TimeProvider time, ILogger<AddressRateLimiter> logger)
{
    /// <summary>Length of the prefix that one customer of an IPv6 provider has at least.</summary>
    private const int Ipv6PrefixBytes = 8;

    private static readonly TimeSpan LogInterval = TimeSpan.FromMinutes(1);

    private readonly Lock _lock = new();
    private readonly IReadOnlyList<IPNetwork> _proxies = KnownProxies.Parse(http.Value.KnownProxies);
    private readonly Dictionary<IPAddress, LinkedListNode<Bucket>> _buckets = [];

    /// <summary>The buckets, longest silent first.</summary>
    private readonly LinkedList<Bucket> _bySilence = new();
    private long _refused;
    private long? _lastLog;

    /// <summary>Time in which a bucket gains a token.</summary>
    public TimeSpan Delay => TimeSpan.FromSeconds(Math.Max(1, 1 / options.Value.AddressCallsPerSecond));

    /// <summary>Number of addresses in the table.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
            {
                return _buckets.Count;
            }
        }
    }

    /// <summary>
    /// Takes a token for a new connection, before the cost of its TLS handshake. Proxies are exempt: they connect for
    /// many callers, whose calls count instead.
    /// </summary>
    public bool TryConnect(IPAddress address)
    {
        var plain = Unmapped(address);
        return _proxies.Any(proxy => proxy.Contains(plain)) || TryTake(plain);
    }

    /// <summary>Takes a token of the address; false if it has none.</summary>
    public bool TryTake(IPAddress address)
    {
        if (options.Value.AddressCallsPerSecond <= 0)
        {
            return true;
        }

        address = Unmapped(address);
        if (IPAddress.IsLoopback(address))
        {
            return true;
        }

        lock (_lock)
        {
            var bucket = BucketOf(NetworkOf(address));
            var now = time.GetTimestamp();
            bucket.Tokens = Math.Min(
                options.Value.AddressBurstCalls,
                bucket.Tokens
                + (time.GetElapsedTime(bucket.Filled, now).TotalSeconds * options.Value.AddressCallsPerSecond));
            bucket.Filled = now;
            if (bucket.Tokens >= 1)
            {
                bucket.Tokens--;
                return true;
            }

            _refused++;
        }

        LogRefusals(address);
        return false;
    }

    /// <summary>The IPv4 address of a caller that arrived at a socket for both protocols.</summary>
    private static IPAddress Unmapped(IPAddress address) =>
        address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;

    /// <summary>The unit of the limit: an IPv4 address, or the network of 64 bits of an IPv6 address.</summary>
    internal static IPAddress NetworkOf(IPAddress address)
    {
        if (address.AddressFamily != AddressFamily.InterNetworkV6)
        {
            return address;
        }

        var bytes = address.GetAddressBytes();
        bytes.AsSpan(Ipv6PrefixBytes).Clear();
        return new IPAddress(bytes);
    }

    /// <summary>Requires the lock.</summary>
    private Bucket BucketOf(IPAddress network)
    {
        if (_buckets.TryGetValue(network, out var node))
        {
            _bySilence.Remove(node);
            _bySilence.AddLast(node);
            return node.Value;
        }

        if (_buckets.Count >= options.Value.MaxAddresses)
        {
            _buckets.Remove(_bySilence.First!.Value.Network);
            _bySilence.RemoveFirst();
        }

        var bucket = new Bucket(network)
        {
            Tokens = options.Value.AddressBurstCalls,
            Filled = time.GetTimestamp(),
        };
        _buckets.Add(network, _bySilence.AddLast(bucket));
        return bucket;
    }

    /// <summary>Logs once a minute: a line for each refusal would be another way to fill the log.</summary>
    private void LogRefusals(IPAddress address)
    {
        long count;
        lock (_lock)
        {
            if (_lastLog is { } last && time.GetElapsedTime(last) < LogInterval)
            {
                return;
            }

            _lastLog = time.GetTimestamp();
            (count, _refused) = (_refused, 0);
        }

        logger.LogWarning(
            "Rate:AddressCallsPerSecond refused {Count} calls since the last message, the latest from {Address}",
            count, address);
    }

    private sealed class Bucket(IPAddress network)
    {
        public IPAddress Network { get; } = network;

        public double Tokens { get; set; }

        public long Filled { get; set; }
    }
}
