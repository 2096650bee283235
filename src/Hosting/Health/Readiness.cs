using ForegSyte.Hosting.Stopping;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using ServiceDescriptor = Google.Protobuf.Reflection.ServiceDescriptor;

namespace ForegSyte.Hosting.Health;

/// <summary>
/// Whether the service is ready: after its startup work, before it stops, and not while it is suspended.
/// grpc.health.v1 reports it as SERVING or NOT_SERVING.
/// </summary>
public sealed class Readiness(GracefulShutdown stop) : IHealthCheck
{
    private volatile bool _started;
    private volatile string? _suspension;

    /// <summary>Whether the service accepts calls.</summary>
    public bool IsReady => _started && _suspension is null && !stop.IsStopping;

    /// <summary>Marks the startup work as done.</summary>
    public void MarkReady() => _started = true;

    /// <summary>Makes the service not ready until <see cref="Resume"/>.</summary>
    /// <param name="reason">Why, a full sentence.</param>
    public void Suspend(string reason) => _suspension = reason;

    /// <summary>Ends a suspension.</summary>
    public void Resume() => _suspension = null;

    /// <inheritdoc />
    public Task<HealthCheckResult> CheckHealthAsync(
        HealthCheckContext context, CancellationToken cancellationToken = default) =>
        Task.FromResult(IsReady
            ? HealthCheckResult.Healthy()
            : HealthCheckResult.Unhealthy(
                !_started ? "The service is starting." : _suspension ?? "The service is stopping."));
}

/// <summary>Registers grpc.health.v1 for the server ("") and for each service by name.</summary>
internal static class HealthServiceCollectionExtensions
{
    /// <summary>How long a Watch call may lag behind a change.</summary>
    private static readonly TimeSpan WatchPeriod = TimeSpan.FromSeconds(1);

    public static void AddReadiness(this IServiceCollection services, IReadOnlyList<ServiceDescriptor> contracts)
    {
        services.AddSingleton<Readiness>();
        services.AddGrpcHealthChecks(health =>
            {
                // Every check applies to every service. The package maps "" itself.
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
