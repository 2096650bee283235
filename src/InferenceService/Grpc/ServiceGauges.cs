using ForegSyte.Inference.Metrics;
using ForegSyte.Inference.Models;
using Microsoft.Extensions.Options;

namespace ForegSyte.Inference.Grpc;

/// <summary>The metrics that are looked up when somebody collects them.</summary>
internal sealed class ServiceGauges(
    InferenceMetrics metrics, CallLimits calls, InferenceDevice device, IOptions<DeviceOptions> options)
{
    /// <summary>Adds them to the meter; the GPU's memory where a GPU computes and its driver tells.</summary>
    public void Show()
    {
        metrics.ObserveSegments(() => calls.Segments.Running, () => calls.Segments.Waiting);
        if (device.Provider != V1.ExecutionProvider.Cpu && GpuMemory.Open(options.Value.DeviceIndex) is { } memory)
        {
            metrics.ObserveDeviceMemory(memory.Read);
        }
    }
}
