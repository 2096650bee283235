using Microsoft.Extensions.Options;

namespace ForegSyte.Inference.Grpc;

/// <summary>How many calls of each kind run at the same time.</summary>
internal sealed class CallLimits(IOptions<GrpcOptions> options)
{
    /// <summary>RunPipeline.</summary>
    public CallSlots Segments { get; } = new(
        $"{GrpcOptions.Section}:{nameof(GrpcOptions.MaxRunningSegments)}",
        options.Value.MaxRunningSegments,
        options.Value.BusyRetryDelay);

    /// <summary>ProbeVideo.</summary>
    public CallSlots Probes { get; } = new(
        $"{GrpcOptions.Section}:{nameof(GrpcOptions.MaxRunningProbes)}",
        options.Value.MaxRunningProbes,
        options.Value.BusyRetryDelay);
}
