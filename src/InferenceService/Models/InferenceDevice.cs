using System.Runtime.Intrinsics.X86;
using ForegSyte.V1;
using Microsoft.Extensions.Options;
using Microsoft.ML.OnnxRuntime;
using SessionOptions = Microsoft.ML.OnnxRuntime.SessionOptions;

namespace ForegSyte.Inference.Models;

/// <summary>A GPU is required but none works. The service does not start.</summary>
/// <param name="message">What is missing and how to fix it.</param>
internal sealed class DeviceUnavailableException(string message) : Exception(message);

/// <summary>
/// The device that runs the models of this process: the requested one or the CPU. A fallback to the CPU is logged as a
/// warning and reported in <see cref="Description"/>.
/// </summary>
internal sealed class InferenceDevice
{
    private readonly DeviceOptions _options;
    private readonly Device _description;
    private readonly Action<SessionOptions, ExecutionProvider, DeviceOptions> _append;

    public InferenceDevice(IOptions<DeviceOptions> options, ILogger<InferenceDevice> logger)
        : this(options.Value, logger, ExecutionProviders.Append)
    {
    }

    /// <param name="options">The requested device.</param>
    /// <param name="logger">Logs the choice.</param>
    /// <param name="append">Adds a provider to the options of a session; throws if it is unavailable.</param>
    /// <exception cref="DeviceUnavailableException">A GPU is required but does not work.</exception>
    internal InferenceDevice(
        DeviceOptions options, ILogger<InferenceDevice> logger,
        Action<SessionOptions, ExecutionProvider, DeviceOptions> append)
    {
        _options = options;
        _append = append;
        var requested = ProviderFor(options.Provider);
        var failure = Try(requested);
        if (failure is not null && options.RequireGpu)
        {
            throw new DeviceUnavailableException(
                $"Device:RequireGpu is true but {requested} cannot be used: {failure} {GpuLibraries.Advice(requested)}"
                + " Or set Device:RequireGpu to false to run on the CPU.");
        }

        var chosen = failure is null ? requested : ExecutionProvider.Cpu;
        var isFallback = failure is not null && options.Provider != DeviceProvider.Auto;
        Provider = chosen;
        Split = ComputeSplit.Of(
            Environment.ProcessorCount, IsGpu, options.ConcurrentRuns, options.IntraOpThreads);
        _description = new Device
        {
            ExecutionProvider = chosen,
            Description = Describe(chosen, options.DeviceIndex, Split),
            FallbackReason = isFallback ? $"{requested} cannot be used: {failure}" : "",
        };
        Log(logger, _description, failure);
    }

    /// <summary>The execution provider that runs the models.</summary>
    public ExecutionProvider Provider { get; }

    /// <summary>Whether the models run on a GPU.</summary>
    public bool IsGpu => Provider != ExecutionProvider.Cpu;

    /// <summary>Limits of a batch of concurrent runs.</summary>
    public BatchLimits Batches => new(
        _options.MaxBatch > 0 ? _options.MaxBatch : IsGpu ? BatchLimits.ItemsOnGpu : 1, _options.BatchDelay);

    /// <summary>Concurrent frames and threads per run.</summary>
    public ComputeSplit Split { get; }

    /// <summary>The device as a message of the contract; a copy, because messages are mutable.</summary>
    public Device Description => _description.Clone();

    /// <summary>Options for a session on this device.</summary>
    public SessionOptions CreateSessionOptions()
    {
        var options = new SessionOptions
        {
            IntraOpNumThreads = Split.Threads,
            GraphOptimizationLevel = GraphOptimizationLevel.ORT_ENABLE_ALL,
            ExecutionMode = ExecutionMode.ORT_SEQUENTIAL,
            LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR,
        };
        try
        {
            // Spinning threads take processor time from other sessions and from the decoder.
            options.AddSessionConfigEntry("session.intra_op.allow_spinning", "0");
            options.AddSessionConfigEntry("session.inter_op.allow_spinning", "0");

            if (X86Base.IsSupported && !HasVnni())
            {
                // Without VNNI, sums of products of 8-bit integers overflow unless the weights are unsigned
                // (ONNX Runtime, onnxruntime_session_options_config_keys.h). With it, this would halve the speed.
                options.AddSessionConfigEntry("session.x64quantprecision", "1");
            }

            _append(options, Provider, _options);
            return options;
        }
        catch
        {
            options.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Whether the processor adds products of 8-bit integers in 32 bits: AVX-512 VNNI or AVX-VNNI (Intel 64 and IA-32
    /// Architectures Software Developer's Manual, volume 2A, CPUID, leaf 7: ECX bit 11, and subleaf 1: EAX bit 4).
    /// </summary>
    private static bool HasVnni()
    {
        const int Features = 7;
        var (leaves, _, _, _) = X86Base.CpuId(0, 0);
        if (leaves < Features)
        {
            return false;
        }

        var (subleaves, _, avx512, _) = X86Base.CpuId(Features, 0);
        return (avx512 >> 11 & 1) == 1 || (subleaves >= 1 && (X86Base.CpuId(Features, 1).Eax >> 4 & 1) == 1);
    }

    /// <summary>Null if the provider works, otherwise its error message.</summary>
    private string? Try(ExecutionProvider provider)
    {
        try
        {
            using var options = new SessionOptions();
            _append(options, provider, _options);
            if (provider != ExecutionProvider.Cpu)
            {
                DeviceCheck.Run(options);
            }

            return null;
        }
        catch (EntryPointNotFoundException)
        {
            // A CPU build of the library has no entry point for TensorRT; for CUDA it has an error message.
            return $"{provider} execution provider is not enabled in this build.";
        }
        catch (Exception failure) when (
            failure is OnnxRuntimeException or DllNotFoundException or InvalidOperationException)
        {
            return failure.Message.TrimEnd('.', ' ', '\n') + ".";
        }
    }

    private static ExecutionProvider ProviderFor(DeviceProvider provider) => provider switch
    {
        DeviceProvider.Auto or DeviceProvider.Cuda => ExecutionProvider.Cuda,
        DeviceProvider.TensorRt => ExecutionProvider.Tensorrt,
        DeviceProvider.Cpu => ExecutionProvider.Cpu,
        _ => throw new ArgumentOutOfRangeException(nameof(provider), provider, "The provider is unknown."),
    };

    private static string Describe(
        ExecutionProvider provider, int deviceIndex, ComputeSplit split) => provider switch
        {
            ExecutionProvider.Cuda => FormattableString.Invariant($"CUDA device {deviceIndex}"),
            ExecutionProvider.Tensorrt => FormattableString.Invariant($"TensorRT on CUDA device {deviceIndex}"),
            _ => "CPU, "
                + (split.Runs == 1 ? "" : FormattableString.Invariant($"{split.Runs} frames at once, each on "))
                + FormattableString.Invariant($"{split.Threads} {(split.Threads == 1 ? "thread" : "threads")}"),
        };

    private static void Log(ILogger logger, Device device, string? failure)
    {
        if (device.FallbackReason.Length > 0)
        {
            logger.LogWarning("Device fell back to {Device}: {Reason}", device.Description, device.FallbackReason);
        }
        else if (failure is not null)
        {
            logger.LogInformation("Device {Device} chosen, GPU unavailable: {Reason}", device.Description, failure);
        }
        else
        {
            logger.LogInformation("Device {Device} chosen", device.Description);
        }
    }
}

/// <summary>Division of the processors between concurrent frames and the threads of each.</summary>
/// <param name="Runs">Maximum number of concurrent frames, at least 1.</param>
/// <param name="Threads">Threads per run of a model on the CPU, at least 1.</param>
internal readonly record struct ComputeSplit(int Runs, int Threads)
{
    /// <summary>
    /// Maximum default number of concurrent frames on a CPU. A run needs a few hundred megabytes for a large frame, so
    /// a machine with more processors uses several threads per run instead.
    /// </summary>
    public const int MaxRunsOnCpu = 8;

    /// <summary>Default number of concurrent frames on a GPU: one batch is prepared while another runs.</summary>
    public const int RunsOnGpu = 2 * BatchLimits.ItemsOnGpu;

    /// <summary>
    /// Divides the processors. One frame per processor, each on one thread, gives more frames per second than one frame
    /// on all threads, because the threads of a run wait for each other after every operator.
    /// </summary>
    /// <param name="processors">Number of processors, at least 1.</param>
    /// <param name="isGpu">Whether the models run on a GPU.</param>
    /// <param name="runs">Configured number of concurrent frames; 0 for the default.</param>
    /// <param name="threads">Configured threads per run; 0 for the default.</param>
    public static ComputeSplit Of(int processors, bool isGpu, int runs, int threads)
    {
        if (runs == 0)
        {
            runs = isGpu ? RunsOnGpu : Math.Clamp(processors / Math.Max(threads, 1), 1, MaxRunsOnCpu);
        }

        return new(runs, threads > 0 ? threads : Math.Max(1, processors / runs));
    }
}

/// <summary>
/// Computes one sum on a device. Adding a provider to the options of a session needs only its libraries; only a run
/// shows whether the GPU works.
/// </summary>
internal static class DeviceCheck
{
    /// <summary>A model with one node, y = x + x on one float: ONNX, IR version 8, operator set 13.</summary>
    private static readonly byte[] Doubling = Convert.FromBase64String(
        "CAg6NQoOCgF4CgF4EgF5IgNBZGQSAWdaDwoBeBIKCggIARIECgIIAWIPCgF5EgoKCAgBEgQKAggBQgIQDQ==");

    /// <summary>Runs the sum.</summary>
    /// <exception cref="OnnxRuntimeException">The device does not work; the message gives the reason.</exception>
    public static void Run(SessionOptions options)
    {
        using var session = new InferenceSession(Doubling, options);
        using var run = new RunOptions();
        using var input = OrtValue.CreateTensorValueFromMemory(new float[] { 21 }, [1]);
        using var outputs = session.Run(run, ["x"], [input], ["y"]);
        var sum = outputs[0].GetTensorDataAsSpan<float>()[0];
        if (sum != 42)
        {
            throw new InvalidOperationException(FormattableString.Invariant($"The device computed 21 + 21 = {sum}."));
        }
    }
}
