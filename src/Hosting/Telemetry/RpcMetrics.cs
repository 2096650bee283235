using System.Diagnostics.Metrics;
using ForegSyte.Protocol.Tracing;

namespace ForegSyte.Hosting.Telemetry;

/// <summary>How long calls take, by method and status code.</summary>
internal sealed class RpcMetrics : IDisposable
{
    /// <summary>Name of the meter.</summary>
    public const string MeterName = "ForegSyte.Hosting";

    /// <summary>Name of the instrument, OpenTelemetry's for calls of any RPC system.</summary>
    public const string DurationName = "rpc.server.call.duration";

    private readonly Meter _meter;
    private readonly Histogram<double> _duration;

    public RpcMetrics(IMeterFactory meters)
    {
        _meter = meters.Create(MeterName);
        _duration = _meter.CreateHistogram(
            DurationName, "s", "How long a call took, from its headers to the last byte of its answer.", null,
            new InstrumentAdvice<double>
            {
                // The last ones are for WaitJob and RunPipeline, which wait by their nature.
                HistogramBucketBoundaries =
                    [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300],
            });
    }

    /// <summary>Whether anybody collects.</summary>
    public bool IsCollected => _duration.Enabled;

    /// <summary>A call has ended.</summary>
    public void Record(TimeSpan time, string method, string code) => _duration.Record(
        time.TotalSeconds,
        new(TraceAttributes.System, TraceAttributes.Grpc),
        new(TraceAttributes.Method, method),
        new(TraceAttributes.StatusCode, code));

    /// <inheritdoc />
    public void Dispose() => _meter.Dispose();
}
