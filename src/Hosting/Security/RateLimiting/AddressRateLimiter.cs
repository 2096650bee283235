using System.Globalization;
using System.Net;
using System.Net.Sockets;
using ForegSyte.Hosting.Errors;
using ForegSyte.Hosting.Http;
using ForegSyte.Hosting.Listening;
using ForegSyte.Hosting.Telemetry;
using ForegSyte.V1;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace ForegSyte.Hosting.Security.RateLimiting;

/// <summary>
/// Limits the calls without valid credentials of each address with a token bucket: such callers have no tenant whose
/// rate could be limited. Calls with valid credentials take no token, so that nobody who shares an address with a
/// caller, such as that of an unknown proxy, locks the caller out. Health checks, the metrics port, loopback and the
/// Unix socket have no limit.
/// </summary>
internal sealed class AddressRateMiddleware(
    RequestDelegate next, AddressRateLimiter limiter, AccessRules rules, JsonResponseWriter writer,
    IOptions<RateOptions> options)
{
    private const string Option = $"{RateOptions.Section}:{nameof(RateOptions.AddressCallsPerSecond)}";

    private static readonly PathString GrpcHealth = "/grpc.health.v1.Health";

    public async Task InvokeAsync(HttpContext call)
    {
        if (IsFree(call) || call.Connection.RemoteIpAddress is not { } address || await HasCredentialsAsync(call)
            || limiter.TryTake(address))
        {
            await next(call);
            return;
        }

        var limit = options.Value.AddressCallsPerSecond.ToString(CultureInfo.InvariantCulture);
        var refusal = new ServiceException(
            ErrorReason.RateLimited,
            $"Your address exceeds {limit} calls per second without valid credentials (option {Option}). Send valid "
            + "credentials, or retry after the delay in RetryInfo.")
        {
            Metadata = new Dictionary<string, string> { ["option"] = Option, ["limit"] = limit },
            Quota = new QuotaViolation("address", $"{limit} calls per second without valid credentials."),
            RetryAfter = limiter.Delay,
        };
        await (call.Features.Get<HttpConnection>() is null
            ? ErrorResponse.WriteAsync(call.Response, refusal)
            : writer.WriteErrorAsync(call, RichStatus.From(refusal)));
    }

    /// <summary>
    /// Whether the call has valid credentials. The handlers cache their results; nothing is authenticated twice.
    /// </summary>
    private async Task<bool> HasCredentialsAsync(HttpContext call) =>
        !rules.IsOpen && (await call.AuthenticateAsync()).Succeeded;

    private static bool IsFree(HttpContext call) =>
        call.Features.Get<LocalConnection>() is not null
        || call.Features.Get<HealthConnection>() is not null
        || call.Features.Get<MetricsConnection>() is not null
        || call.Request.Path.StartsWithSegments(GrpcHealth, StringComparison.Ordinal)
        || call.Request.Path == HttpRoutes.HealthPath;
}

/// <summary>
/// Token buckets by address, one for calls and one for connections. The table is bounded: at its limit it forgets the
/// address that was silent for the longest time.
/// </summary>
internal sealed class AddressRateLimiter(
    IOptions<RateOptions> options, IOptions<HttpOptions> http, TimeProvider time, ILogger<AddressRateLimiter> logger)
{
    /// <summary>Length of the prefix that one customer of an IPv6 provider has at least.</summary>
    private const int Ipv6PrefixBytes = 8;

    private static readonly TimeSpan LogInterval = TimeSpan.FromMinutes(1);

    private readonly Lock _lock = new();
    private readonly IReadOnlyList<IPNetwork> _proxies = KnownProxies.Parse(http.Value.KnownProxies);
    private readonly Dictionary<IPAddress, LinkedListNode<AddressBuckets>> _buckets = [];

    /// <summary>The buckets, longest silent first.</summary>
    private readonly LinkedList<AddressBuckets> _bySilence = new();
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
    /// many callers, whose calls count instead. Calls take none of these tokens: otherwise calls without credentials
    /// would keep new connections of others out.
    /// </summary>
    public bool TryConnect(IPAddress address)
    {
        var plain = Unmapped(address);
        return _proxies.Any(proxy => proxy.Contains(plain)) || TryTake(plain, buckets => buckets.Connections);
    }

    /// <summary>Takes a token for a call of the address; false if it has none.</summary>
    public bool TryTake(IPAddress address) => TryTake(address, buckets => buckets.Calls);

    private bool TryTake(IPAddress address, Func<AddressBuckets, TokenBucket> bucketOf)
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
            if (bucketOf(BucketsOf(NetworkOf(address))).TryTake(options.Value, time))
            {
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
    private AddressBuckets BucketsOf(IPAddress network)
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

        var buckets = new AddressBuckets(network, options.Value.AddressBurstCalls, time.GetTimestamp());
        _buckets.Add(network, _bySilence.AddLast(buckets));
        return buckets;
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
            "Rate:AddressCallsPerSecond refused {Count} calls and connections since the last message, the latest from "
            + "{Address}",
            count, address);
    }

    /// <summary>The buckets of an address, which are full at first.</summary>
    private sealed class AddressBuckets(IPAddress network, int burst, long now)
    {
        public IPAddress Network { get; } = network;

        public TokenBucket Calls { get; } = new(burst, now);

        public TokenBucket Connections { get; } = new(burst, now);
    }

    private sealed class TokenBucket(double tokens, long filled)
    {
        private double _tokens = tokens;
        private long _filled = filled;

        public bool TryTake(RateOptions rate, TimeProvider time)
        {
            var now = time.GetTimestamp();
            var gained = time.GetElapsedTime(_filled, now).TotalSeconds * rate.AddressCallsPerSecond;
            (_tokens, _filled) = (Math.Min(rate.AddressBurstCalls, _tokens + gained), now);
            if (_tokens < 1)
            {
                return false;
            }

            _tokens--;
            return true;
        }
    }
}
