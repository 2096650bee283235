using ForegSyte.EndToEnd.Tests.Telemetry.Otlp;
using Grpc.Core;

namespace ForegSyte.EndToEnd.Tests.Telemetry;

/// <summary>Takes metrics as a collector does.</summary>
public sealed class MetricInbox : MetricsService.MetricsServiceBase
{
    private readonly Arrivals<Metric> _metrics = new();

    /// <inheritdoc />
    public override Task<ExportMetricsServiceResponse> Export(
        ExportMetricsServiceRequest request, ServerCallContext context)
    {
        _metrics.Add(request.ResourceMetrics
            .SelectMany(resource => resource.ScopeMetrics).SelectMany(scope => scope.Metrics));
        return Task.FromResult(new ExportMetricsServiceResponse());
    }

    /// <summary>Waits for a metric.</summary>
    /// <param name="isWanted">Whether it is the one.</param>
    public Task WaitForAsync(Func<Metric, bool> isWanted) => _metrics.WaitForAsync(
        metrics => metrics.Any(isWanted),
        metrics => string.Join('\n', metrics.Select(metric => metric.Name).Distinct()));
}
