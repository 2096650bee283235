using System.ComponentModel.DataAnnotations;

namespace ForegSyte.Inference.Models;

/// <summary>What computes the models; the section "Device".</summary>
internal sealed class DeviceOptions : IValidatableObject
{
    public const string Section = "Device";

    /// <summary>auto, cpu, cuda or tensorrt.</summary>
    /// <value>The default is auto: CUDA where this build and this machine have it, otherwise the CPU.</value>
    [EnumDataType(typeof(DeviceProvider))]
    public DeviceProvider Provider { get; set; } = DeviceProvider.Auto;

    /// <summary>Which GPU, as nvidia-smi counts them.</summary>
    /// <value>The default is 0.</value>
    [Range(0, 63)]
    public int DeviceIndex { get; set; }

    /// <summary>Whether the service refuses to start where it would have to fall back to the CPU.</summary>
    /// <value>The default is false.</value>
    public bool RequireGpu { get; set; }

    /// <summary>Frames of all calls together that are computed at the same time.</summary>
    /// <value>
    /// The default is 0: on the CPU one for each processor, <see cref="ComputeSplit.MaxRunsOnCpu"/> at most; on a GPU
    /// <see cref="ComputeSplit.RunsOnGpu"/>.
    /// </value>
    [Range(0, 256)]
    public int ConcurrentRuns { get; set; }

    /// <summary>Threads that one run of a model uses on the CPU.</summary>
    /// <value>The default is 0: the processors, shared out among the concurrent runs.</value>
    [Range(0, 256)]
    public int IntraOpThreads { get; set; }

    /// <inheritdoc />
    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (RequireGpu && Provider == DeviceProvider.Cpu)
        {
            yield return new ValidationResult(
                "Device:RequireGpu is true and Device:Provider is cpu; set one of them otherwise.",
                [nameof(RequireGpu), nameof(Provider)]);
        }
    }
}
