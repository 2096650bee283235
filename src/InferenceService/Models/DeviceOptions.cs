using System.ComponentModel.DataAnnotations;
using ForegSyte.Hosting.Configuration;
using ForegSyte.Protocol.Limits;
using ForegSyte.V1;

namespace ForegSyte.Inference.Models;

/// <summary>Device:Provider.</summary>
internal enum DeviceProvider
{
    /// <summary>CUDA if it works, otherwise the CPU without a fallback warning.</summary>
    Auto,

    /// <summary>The CPU.</summary>
    Cpu,

    /// <summary>An NVIDIA GPU through CUDA.</summary>
    Cuda,

    /// <summary>An NVIDIA GPU through TensorRT, and CUDA for operators that TensorRT lacks.</summary>
    TensorRt,
}

/// <summary>Device that runs the models; the section "Device".</summary>
internal sealed class DeviceOptions : IValidatableObject
{
    public const string Section = "Device";

    /// <summary>auto, cpu, cuda or tensorrt.</summary>
    /// <value>The default is auto: CUDA if the build and the machine have it, otherwise the CPU.</value>
    [EnumDataType(typeof(DeviceProvider))]
    public DeviceProvider Provider { get; set; } = DeviceProvider.Auto;

    /// <summary>
    /// Index of the GPU in CUDA's order: fastest first, or the order of nvidia-smi if CUDA_DEVICE_ORDER is PCI_BUS_ID.
    /// </summary>
    /// <value>The default is 0.</value>
    [Range(0, 63)]
    public int DeviceIndex { get; set; }

    /// <summary>Whether the service refuses to start instead of falling back to the CPU.</summary>
    /// <value>The default is false.</value>
    public bool RequireGpu { get; set; }

    /// <summary>Maximum number of frames in progress at the same time, over all calls.</summary>
    /// <value>
    /// The default is 0: on the CPU one per processor, at most <see cref="ComputeSplit.MaxRunsOnCpu"/>; on a GPU
    /// <see cref="ComputeSplit.RunsOnGpu"/>.
    /// </value>
    [Range(0, 256)]
    [Limit("frames", "Frames in progress at the same time, over all calls; 0 for a number that suits the device.")]
    public int ConcurrentRuns { get; set; }

    /// <summary>
    /// Maximum number of images or lines of text, over all frames and calls, per run of a model whose file accepts any
    /// number. It changes the time, not the results.
    /// </summary>
    /// <value>
    /// The default is 0: 1 on the CPU, <see cref="BatchLimits.ItemsOnGpu"/> on a GPU.
    /// </value>
    [Range(0, 128)]
    [Limit("items", "Images or lines of text per run of a model; 0 for a number that suits the device.")]
    public int MaxBatch { get; set; }

    /// <summary>Maximum time for which the first of them waits for others.</summary>
    /// <value>0 to 1 s; 2 ms by default.</value>
    [TimeRange("00:00:00", "00:00:01")]
    [Limit("", "Maximum time for which the first image or line of a run waits for others.")]
    public TimeSpan BatchDelay { get; set; } = TimeSpan.FromMilliseconds(2);

    /// <summary>Threads per run of a model on the CPU.</summary>
    /// <value>The default is 0: the processors divided by the number of concurrent runs.</value>
    [Range(0, 256)]
    [Limit("threads", "Threads per run of a model on the CPU; 0 for its share of the processors.")]
    public int IntraOpThreads { get; set; }

    /// <summary>
    /// Maximum GPU memory of ONNX Runtime's arena per model, in MiB; also of the workspace of TensorRT. CUDA and cuDNN
    /// need further memory.
    /// </summary>
    /// <value>The default is 0: no limit.</value>
    [Range(0, 1_048_576)]
    [Limit(
        "MiB", "GPU memory per model; 0 for no limit. A stage that exceeds it fails.",
        Reason = ErrorReason.StageFailed)]
    public int MemoryLimitMebibytes { get; set; }

    /// <summary>
    /// Whether the GPU rounds the inputs of convolutions and matrix products to TF32 (10 bits of mantissa). This is
    /// faster from Ampere on; results differ slightly from those of the CPU.
    /// </summary>
    /// <value>The default is true, as in ONNX Runtime.</value>
    public bool Tf32 { get; set; } = true;

    /// <summary>
    /// Whether TensorRT computes in 16 bits where that is faster. The CUDA provider uses the precision of the model
    /// file: for 16 bits it needs a 16-bit file.
    /// </summary>
    /// <value>The default is false.</value>
    public bool HalfPrecision { get; set; }

    /// <summary>
    /// Absolute path of the folder in which TensorRT caches its engines; building one takes minutes.
    /// </summary>
    /// <value>The default is empty: TensorRT builds its engines at every start.</value>
    public string EngineCacheDirectory { get; set; } = "";

    /// <inheritdoc />
    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (RequireGpu && Provider == DeviceProvider.Cpu)
        {
            yield return new ValidationResult(
                "Device:RequireGpu is true but Device:Provider is cpu; change one of them.",
                [nameof(RequireGpu), nameof(Provider)]);
        }

        if (MemoryLimitMebibytes > 0 && Provider == DeviceProvider.Cpu)
        {
            yield return new ValidationResult(
                "Device:MemoryLimitMebibytes limits a GPU but Device:Provider is cpu; change one of them.",
                [nameof(MemoryLimitMebibytes), nameof(Provider)]);
        }

        if (HalfPrecision && Provider != DeviceProvider.TensorRt)
        {
            yield return new ValidationResult(
                "Device:HalfPrecision needs TensorRT: set Device:Provider to tensorrt, or use a 16-bit model.",
                [nameof(HalfPrecision), nameof(Provider)]);
        }

        if (EngineCacheDirectory.Length > 0 && Provider != DeviceProvider.TensorRt)
        {
            yield return new ValidationResult(
                "Device:EngineCacheDirectory needs TensorRT: set Device:Provider to tensorrt, or leave it empty.",
                [nameof(EngineCacheDirectory), nameof(Provider)]);
        }

        if (EngineCacheDirectory.Length > 0 && !Path.IsPathFullyQualified(EngineCacheDirectory))
        {
            yield return new ValidationResult(
                "Device:EngineCacheDirectory must be an absolute path.", [nameof(EngineCacheDirectory)]);
        }
    }
}
