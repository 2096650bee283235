using ForegSyte.Hosting.Listening;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace ForegSyte.Hosting.Starting;

/// <summary>Adds what a service does before it starts.</summary>
internal static class TakeoverRegistration
{
    public static void AddTakeover(this IServiceCollection services) =>
        services.AddSingleton(provider => new Takeover(
            provider.GetRequiredService<HeldSockets>(),
            provider.GetRequiredService<TimeProvider>(),
            provider.GetRequiredService<ILogger<Takeover>>()));
}
