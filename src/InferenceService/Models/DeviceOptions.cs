using System.ComponentModel.DataAnnotations;
using ForegSyte.Protocol.Limits;
using ForegSyte.V1;

namespace ForegSyte.Inference.Models;

/// <summary>What computes the models; the section "Device".</summary>
internal sealed class DeviceOptions : IValidatableObject
{
    public const string Section = "Device";

    /// <summary>auto, cpu, cuda or tensorrt.</summary>
    /// <value>The default is auto: CUDA where this build and this machine have it, otherwise the CPU.</value>
    [EnumDataType(typeof(DeviceProvider))]
    public DeviceProvider Provider { get; set; } = DeviceProvider.Auto;

    /// <summary>
    /// Which GPU, as CUDA counts them: the fastest first, or as nvidia-smi does where CUDA_DEVICE_ORDER is PCI_BUS_ID.
    /// </summary>
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
    [Limit("frames", "Frames of all calls that are computed at the same time, 0 for as many as suit; others wait.")]
    public int ConcurrentRuns { get; set; }

    /// <summary>
    /// Most pictures, or lines of text, of all frames and calls that go through a model in one run, where its file
    /// takes any number. It changes the time and not the results.
    /// </summary>
    /// <value>
    /// The default is 0: 1 on the CPU, <see cref="BatchLimits.ItemsOnGpu"/> on a GPU.
    /// </value>
    [Range(0, 128)]
    [Limit("items", "Pictures or lines that go through a model in one run; 0 for what suits the device.")]
    public int MaxBatch { get; set; }

    /// <summary>How long the first of them waits for others.</summary>
    /// <value>0 to 1 s; 2 ms by default.</value>
    [Range(typeof(TimeSpan), "00:00:00", "00:00:01")]
    [Limit("", "How long the first picture or line of a run waits for others.")]
    public TimeSpan BatchDelay { get; set; } = TimeSpan.FromMilliseconds(2);

    /// <summary>Threads that one run of a model uses on the CPU.</summary>
    /// <value>The default is 0: the processors, shared out among the concurrent runs.</value>
    [Range(0, 256)]
    [Limit("threads", "Threads of one run of a model on the CPU, 0 for its share of the processors.")]
    public int IntraOpThreads { get; set; }

    /// <summary>
    /// Most memory of the GPU that ONNX Runtime's arena takes for each model, in MiB; with TensorRT its workspace too.
    /// What CUDA and cuDNN need themselves comes on top.
    /// </summary>
    /// <value>The default is 0: no limit.</value>
    [Range(0, 1_048_576)]
    [Limit(
        "MiB", "Memory of the GPU for each model, 0 for no limit; past it the stage fails.",
        Reason = ErrorReason.StageFailed)]
    public int MemoryLimitMebibytes { get; set; }

    /// <summary>
    /// Whether the GPU may round the inputs of convolutions and products to TF32 (10 bits of mantissa); faster from
    /// Ampere on, and results differ a little from those of the CPU.
    /// </summary>
    /// <value>The default is true, ONNX Runtime's own.</value>
    public bool Tf32 { get; set; } = true;

    /// <summary>
    /// Whether TensorRT computes in 16 bits where that is faster. The CUDA provider computes as the model's file says:
    /// for 16 bits it needs a file of 16 bits.
    /// </summary>
    /// <value>The default is false.</value>
    public bool HalfPrecision { get; set; }

    /// <summary>
    /// Folder in which TensorRT keeps the engines that it builds, which takes minutes; an absolute path.
    /// </summary>
    /// <value>The default is empty: they are built at every start.</value>
    public string EngineCacheDirectory { get; set; } = "";

    /// <inheritdoc />
    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (RequireGpu && Provider == DeviceProvider.Cpu)
        {
            yield return new ValidationResult(
                "Device:RequireGpu is true and Device:Provider is cpu; set one of them otherwise.",
                [nameof(RequireGpu), nameof(Provider)]);
        }

        if (MemoryLimitMebibytes > 0 && Provider == DeviceProvider.Cpu)
        {
            yield return new ValidationResult(
                "Device:MemoryLimitMebibytes limits a GPU and Device:Provider is cpu; set one of them otherwise.",
                [nameof(MemoryLimitMebibytes), nameof(Provider)]);
        }

        if (HalfPrecision && Provider != DeviceProvider.TensorRt)
        {
            yield return new ValidationResult(
                "Device:HalfPrecision is for TensorRT: set Device:Provider to tensorrt, or take a model of 16 bits.",
                [nameof(HalfPrecision), nameof(Provider)]);
        }

        if (EngineCacheDirectory.Length > 0 && Provider != DeviceProvider.TensorRt)
        {
            yield return new ValidationResult(
                "Device:EngineCacheDirectory is for TensorRT: set Device:Provider to tensorrt, or leave it empty.",
                [nameof(EngineCacheDirectory), nameof(Provider)]);
        }

        if (EngineCacheDirectory.Length > 0 && !Path.IsPathFullyQualified(EngineCacheDirectory))
        {
            yield return new ValidationResult(
                "Device:EngineCacheDirectory has to be an absolute path.", [nameof(EngineCacheDirectory)]);
        }
    }
}
