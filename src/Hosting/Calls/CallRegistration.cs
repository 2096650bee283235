using ForegSyte.Hosting.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace ForegSyte.Hosting.Calls;

/// <summary>Adds the limits of calls.</summary>
internal static class CallRegistration
{
    public static void AddCallLimits(this IServiceCollection services)
    {
        services.AddCheckedOptions<CallOptions>(CallOptions.Section);
        services.AddSingleton<SlowCalls>();
        services.AddSingleton<CallPlaceInterceptor>();
    }
}
