using System.Globalization;
using System.Threading.RateLimiting;
using ForegSyte.Hosting.Configuration;
using ForegSyte.Hosting.Errors;
using ForegSyte.V1;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.RateLimiting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace ForegSyte.Hosting.Security.RateLimiting;

/// <summary>Adds the limit of each tenant's calls, a token bucket, to ASP.NET Core's rate limiter.</summary>
internal static class RateLimitingServiceCollectionExtensions
{
    /// <summary>Tokens come back in steps of about this length.</summary>
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(100);

    /// <summary>Adds the limiter and its options.</summary>
    public static void AddTenantRate(this IServiceCollection services)
    {
        services.AddCheckedOptions<RateOptions>(RateOptions.Section);
        services.AddRateLimiter(_ => { });
        services.AddOptions<RateLimiterOptions>().Configure<IOptions<RateOptions>>((limiter, rate) =>
        {
            if (rate.Value.CallsPerSecond > 0)
            {
                limiter.GlobalLimiter = PartitionedRateLimiter.Create<HttpContext, string>(
                    call => PartitionOf(call, rate.Value));
                limiter.OnRejected = (rejected, _) => AnswerAsync(rejected, rate.Value);
            }
        });
    }

    private static RateLimitPartition<string> PartitionOf(HttpContext call, RateOptions options) =>
        call.RpcRule() is null || call.FindCaller() is not { } caller
            ? RateLimitPartition.GetNoLimiter("")
            : RateLimitPartition.GetTokenBucketLimiter($"tenant:{caller.Tenant}", _ => BucketOf(options));

    private static TokenBucketRateLimiterOptions BucketOf(RateOptions options)
    {
        // Whole tokens: a slow rate has a longer step, a fast one more tokens a step.
        var tokens = Math.Max(1, (int)Math.Round(options.CallsPerSecond * Step.TotalSeconds));
        return new TokenBucketRateLimiterOptions
        {
            TokenLimit = Math.Max(tokens, options.BurstCalls),
            TokensPerPeriod = tokens,
            ReplenishmentPeriod = TimeSpan.FromSeconds(tokens / options.CallsPerSecond),
            QueueLimit = 0,
            AutoReplenishment = true,
        };
    }

    private static ValueTask AnswerAsync(OnRejectedContext rejected, RateOptions options)
    {
        var tenant = rejected.HttpContext.FindCaller()?.Tenant ?? "";
        var limit = options.CallsPerSecond.ToString(CultureInfo.InvariantCulture);
        var message = $"The tenant \"{tenant}\" makes more than {limit} calls a second (option Rate:CallsPerSecond). "
            + "Come back after the time of RetryInfo.";
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
                Quota = new QuotaViolation($"tenant:{tenant}", $"{limit} calls a second."),
                RetryAfter = rejected.Lease.TryGetMetadata(MetadataName.RetryAfter, out var delay)
                    ? delay
                    : TimeSpan.FromSeconds(Math.Max(1, 1 / options.CallsPerSecond)),
            }));
    }
}
