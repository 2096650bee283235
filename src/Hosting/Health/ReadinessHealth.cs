using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using ServiceDescriptor = Google.Protobuf.Reflection.ServiceDescriptor;

namespace ForegSyte.Hosting.Health;

/// <summary>Adds grpc.health.v1 for the server ("") and for each of its services by name.</summary>
internal static class ReadinessHealth
{
    /// <summary>How soon a Watch call learns of a change.</summary>
    private static readonly TimeSpan WatchPeriod = TimeSpan.FromSeconds(1);

    /// <summary>Adds the check and its mapping.</summary>
    public static void AddReadiness(this IServiceCollection services, IReadOnlyList<ServiceDescriptor> contracts)
    {
        services.AddSingleton<Readiness>();
        services.AddGrpcHealthChecks(health =>
            {
                // Every check counts for every service; the package maps "" by itself.
                foreach (var contract in contracts)
                {
                    health.Services.Map(contract.FullName, static _ => true);
                }
            })
            .AddCheck<Readiness>("readiness");
        services.Configure<HealthCheckPublisherOptions>(publisher =>
        {
            publisher.Delay = TimeSpan.Zero;
            publisher.Period = WatchPeriod;
        });
    }
}
