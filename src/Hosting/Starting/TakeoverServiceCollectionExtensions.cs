using ForegSyte.Hosting.Configuration.Effective;
using ForegSyte.Hosting.Listening;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace ForegSyte.Hosting.Starting;

/// <summary>Adds what a service does before it starts, and what it remembers of its start.</summary>
internal static class TakeoverServiceCollectionExtensions
{
    public static void AddTakeover(this IServiceCollection services)
    {
        services.AddSingleton(provider => new Takeover(
            provider.GetRequiredService<PreboundListeners>(),
            provider.GetRequiredService<TimeProvider>(),
            provider.GetRequiredService<ILogger<Takeover>>()));
        services.AddSingleton(provider => new ServiceStart(
            provider.GetRequiredService<TimeProvider>(), provider.GetRequiredService<EffectiveSettings>()));
    }
}
