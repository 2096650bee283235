using ForegSyte.Hosting.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace ForegSyte.Hosting.Stopping;

/// <summary>Adds <see cref="GracefulShutdown"/> and gives the host the time that it needs.</summary>
internal static class StopServiceCollectionExtensions
{
    public static void AddGracefulStop(this IServiceCollection services)
    {
        services.AddCheckedOptions<StopOptions>(StopOptions.Section);
        services.AddSingleton<GracefulShutdown>();
        services.AddOptions<HostOptions>().Configure<IOptions<StopOptions>>(
            (host, stop) => host.ShutdownTimeout = stop.Value.GraceTime + stop.Value.CancelTime);
    }
}
