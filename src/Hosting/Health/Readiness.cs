using ForegSyte.Hosting.Stopping;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace ForegSyte.Hosting.Health;

/// <summary>
/// Whether the service does its work: not before its start-up work is done, not after it was told to stop.
/// grpc.health.v1 answers SERVING and NOT_SERVING from it.
/// </summary>
public sealed class Readiness(GracefulShutdown stop) : IHealthCheck
{
    private volatile bool _started;

    /// <summary>Whether calls are welcome now.</summary>
    public bool IsReady => _started && !stop.IsStopping;

    /// <summary>Says that the start-up work is done.</summary>
    public void MarkReady() => _started = true;

    /// <inheritdoc />
    public Task<HealthCheckResult> CheckHealthAsync(
        HealthCheckContext context, CancellationToken cancellationToken = default) =>
        Task.FromResult(IsReady
            ? HealthCheckResult.Healthy()
            : HealthCheckResult.Unhealthy(_started ? "The service is stopping." : "The service is starting."));
}
