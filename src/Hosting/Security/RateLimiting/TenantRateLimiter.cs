using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Threading.RateLimiting;
using ForegSyte.Hosting.Configuration;
using ForegSyte.Hosting.Errors;
using ForegSyte.Protocol.Limits;
using ForegSyte.V1;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.RateLimiting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace ForegSyte.Hosting.Security.RateLimiting;

/// <summary>Limits the calls of each tenant with a token bucket of ASP.NET Core's rate limiter.</summary>
internal static class RateLimitingServiceCollectionExtensions
{
    /// <summary>Approximate replenishment period.</summary>
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(100);

    public static void AddTenantRateLimiter(this IServiceCollection services)
    {
        services.AddCheckedOptions<RateOptions>(RateOptions.Section);
        services.AddSingleton<AddressRateLimiter>();
        services.AddRateLimiter(_ => { });
        services.AddOptions<RateShare>();
        services.AddOptions<RateLimiterOptions>().Configure<IOptions<RateOptions>, IOptions<RateShare>>(
            (limiter, rate, share) =>
            {
                if (rate.Value.CallsPerSecond > 0)
                {
                    limiter.GlobalLimiter = PartitionedRateLimiter.Create<HttpContext, (string Tenant, int Nodes)>(
                        call => PartitionOf(call, rate.Value, Math.Max(1, share.Value.Nodes())));
                    limiter.OnRejected = (rejected, _) => AnswerAsync(rejected, rate.Value);
                }
            });
    }

    /// <summary>The bucket of a call's tenant. It starts again, full, when the number of nodes changes.</summary>
    private static RateLimitPartition<(string Tenant, int Nodes)> PartitionOf(
        HttpContext call, RateOptions options, int nodes) =>
        call.RpcRule() is null || call.FindCaller() is not { } caller
            ? RateLimitPartition.GetNoLimiter(("", 0))
            : RateLimitPartition.GetTokenBucketLimiter((caller.Tenant, nodes), _ => BucketOf(options, nodes));

    /// <summary>The share of one of several nodes in the rate of a tenant.</summary>
    internal static TokenBucketRateLimiterOptions BucketOf(RateOptions options, int nodes)
    {
        // Tokens are whole numbers: slow rates have a longer period, fast rates more tokens per period.
        var rate = options.CallsPerSecond / nodes;
        var tokens = Math.Max(1, (int)Math.Round(rate * Step.TotalSeconds));
        return new TokenBucketRateLimiterOptions
        {
            TokenLimit = Math.Max(tokens, options.BurstCalls / nodes),
            TokensPerPeriod = tokens,
            ReplenishmentPeriod = TimeSpan.FromSeconds(tokens / rate),
            QueueLimit = 0,
            AutoReplenishment = true,
        };
    }

    private static ValueTask AnswerAsync(OnRejectedContext rejected, RateOptions options)
    {
        var tenant = rejected.HttpContext.FindCaller()?.Tenant ?? "";
        var limit = options.CallsPerSecond.ToString(CultureInfo.InvariantCulture);
        var message = $"The tenant \"{tenant}\" exceeds {limit} calls per second (option Rate:CallsPerSecond). Retry "
            + "after the delay in RetryInfo.";
        return new ValueTask(ErrorResponse.WriteAsync(
            rejected.HttpContext.Response,
            new ServiceException(ErrorReason.RateLimited, message)
            {
                Metadata = new Dictionary<string, string>
                {
                    ["option"] = "Rate:CallsPerSecond",
                    ["limit"] = limit,
                    ["tenant"] = tenant,
                },
                Quota = new QuotaViolation($"tenant:{tenant}", $"{limit} calls per second."),
                RetryAfter = rejected.Lease.TryGetMetadata(MetadataName.RetryAfter, out var delay)
                    ? delay
                    : TimeSpan.FromSeconds(Math.Max(1, 1 / options.CallsPerSecond)),
            }));
    }
}

/// <summary>Among how many nodes the rate of a tenant is divided; a service alone has 1.</summary>
public sealed class RateShare
{
    /// <summary>Number of nodes that answer calls now, at least 1.</summary>
    public Func<int> Nodes { get; set; } = static () => 1;
}

/// <summary>Rate limits of each tenant and of each address. Section "Rate".</summary>
public sealed class RateOptions
{
    public const string Section = "Rate";

    /// <value>
    /// Sustained calls per second of each tenant, over all its keys; more get RATE_LIMITED. 0 for no limit. Health
    /// checks and reflection do not count. In a cluster each live node admits an equal share.
    /// </value>
    [Range(0, 1_000_000)]
    [Limit(
        "calls/s", "Sustained calls per second of each tenant, 0 for no limit; more are refused with a retry delay.",
        Reason = ErrorReason.RateLimited)]
    public double CallsPerSecond { get; set; }

    /// <value>Size of the token bucket: calls that a tenant can make at once after a pause.</value>
    [Range(1, 10_000_000)]
    [Limit(
        "calls", "Calls that a tenant can make at once after a pause, if there is a rate limit.",
        Reason = ErrorReason.RateLimited)]
    public int BurstCalls { get; set; } = 1_000;

    /// <value>
    /// Sustained calls per second without valid credentials of each IPv4 address and each IPv6 network of 64 bits; more
    /// get RATE_LIMITED. 0 for no limit. Further, as many new connections. Loopback, the Unix socket and health checks
    /// have no limit. Behind a proxy, Http:KnownProxies makes the caller's address known; otherwise the proxy's address
    /// counts.
    /// </value>
    [Range(0, 1_000_000)]
    [Limit(
        "calls/s",
        "Sustained calls per second of each address without valid credentials, 0 for no limit; more are refused with a "
        + "retry delay.",
        Reason = ErrorReason.RateLimited)]
    public double AddressCallsPerSecond { get; set; } = 1_000;

    /// <value>
    /// Size of the token bucket of an address: calls without valid credentials that it can make at once after a pause.
    /// </value>
    [Range(1, 10_000_000)]
    [Limit(
        "calls",
        "Calls without valid credentials that an address can make at once after a pause, if it has a rate limit.",
        Reason = ErrorReason.RateLimited)]
    public int AddressBurstCalls { get; set; } = 5_000;

    /// <value>Addresses whose rate is known at once; above it the longest silent one is forgotten.</value>
    [Range(1, 10_000_000)]
    [Limit("addresses", "Addresses whose rate is known; above it the longest silent one is forgotten.")]
    public int MaxAddresses { get; set; } = 20_000;
}
