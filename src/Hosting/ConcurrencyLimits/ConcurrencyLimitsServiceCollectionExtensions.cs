using ForegSyte.Hosting.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace ForegSyte.Hosting.ConcurrencyLimits;

/// <summary>Adds the limits of calls.</summary>
internal static class ConcurrencyLimitsServiceCollectionExtensions
{
    public static void AddCallLimits(this IServiceCollection services)
    {
        services.AddCheckedOptions<CallOptions>(CallOptions.Section);
        services.AddSingleton<SlowCallEvictor>();
        services.AddSingleton<ConcurrencyLimitInterceptor>();
    }
}
