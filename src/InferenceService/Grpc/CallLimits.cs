using ForegSyte.Inference.Metrics;
using Microsoft.Extensions.Options;

namespace ForegSyte.Inference.Grpc;

/// <summary>How many calls of each kind run at the same time.</summary>
internal sealed class CallLimits(IOptions<GrpcOptions> options, TimeProvider time, InferenceMetrics metrics)
{
    /// <summary>RunPipeline.</summary>
    public SegmentAdmission Segments { get; } = new(options, time, metrics);

    /// <summary>ProbeVideo.</summary>
    public CallSlots Probes { get; } = new(
        $"{GrpcOptions.Section}:{nameof(GrpcOptions.MaxRunningProbes)}",
        options.Value.MaxRunningProbes,
        options.Value.BusyRetryDelay);
}
