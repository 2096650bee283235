using Microsoft.Extensions.Options;
using Microsoft.ML.OnnxRuntime;
using SessionOptions = Microsoft.ML.OnnxRuntime.SessionOptions;

namespace ForegSyte.Inference.Models;

/// <summary>
/// The one device that this process computes on, chosen when it is made: what was asked for or the CPU, never a third.
/// A fall-back is logged as a warning and told in <see cref="Description"/>.
/// </summary>
internal sealed class InferenceDevice
{
    private readonly DeviceOptions _options;
    private readonly V1.Device _description;
    private readonly Action<SessionOptions, V1.ExecutionProvider, DeviceOptions> _append;

    public InferenceDevice(IOptions<DeviceOptions> options, ILogger<InferenceDevice> logger)
        : this(options.Value, logger, ExecutionProviders.Append)
    {
    }

    /// <param name="options">What is asked for.</param>
    /// <param name="logger">Is told about the choice.</param>
    /// <param name="append">Adds a provider to a session's options; throws where there is none.</param>
    /// <exception cref="DeviceUnavailableException">A GPU is required and does not work.</exception>
    internal InferenceDevice(
        DeviceOptions options, ILogger<InferenceDevice> logger,
        Action<SessionOptions, V1.ExecutionProvider, DeviceOptions> append)
    {
        _options = options;
        _append = append;
        var wanted = Wanted(options.Provider);
        var failure = Try(wanted);
        if (failure is not null && options.RequireGpu)
        {
            throw new DeviceUnavailableException(
                $"Device:RequireGpu is set and {wanted} cannot be used: {failure} Install the driver and the "
                + "libraries, build with -p:Accelerator=cuda, or set Device:RequireGpu to false.");
        }

        var chosen = failure is null ? wanted : V1.ExecutionProvider.Cpu;
        var isFallback = failure is not null && options.Provider != DeviceProvider.Auto;
        Provider = chosen;
        Split = ComputeSplit.Of(
            Environment.ProcessorCount, IsGpu, options.ConcurrentRuns, options.IntraOpThreads);
        _description = new V1.Device
        {
            ExecutionProvider = chosen,
            Description = Describe(chosen, options.DeviceIndex, Split),
            FallbackReason = isFallback ? $"{wanted} cannot be used: {failure}" : "",
        };
        Log(logger, _description, failure);
    }

    /// <summary>What computes the models.</summary>
    public V1.ExecutionProvider Provider { get; }

    /// <summary>Whether the models run on a GPU.</summary>
    public bool IsGpu => Provider != V1.ExecutionProvider.Cpu;

    /// <summary>How runs of a model that are asked for at the same time are put together.</summary>
    public BatchLimits Batches => new(
        _options.MaxBatch > 0 ? _options.MaxBatch : IsGpu ? BatchLimits.ItemsOnGpu : 1, _options.BatchDelay);

    /// <summary>Frames that are computed at the same time, and threads of a run.</summary>
    public ComputeSplit Split { get; }

    /// <summary>The device as the contracts tell it; a copy, since messages can be changed.</summary>
    public V1.Device Description => _description.Clone();

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
            // Threads that spin while they wait take the processor from the other sessions and from the decoder.
            options.AddSessionConfigEntry("session.intra_op.allow_spinning", "0");
            options.AddSessionConfigEntry("session.inter_op.allow_spinning", "0");
            _append(options, Provider, _options);
            return options;
        }
        catch
        {
            options.Dispose();
            throw;
        }
    }

    /// <summary>Null where the provider can be used, otherwise what it says.</summary>
    private string? Try(V1.ExecutionProvider provider)
    {
        try
        {
            using var options = new SessionOptions();
            _append(options, provider, _options);
            if (provider != V1.ExecutionProvider.Cpu)
            {
                DeviceCheck.Run(options);
            }

            return null;
        }
        catch (EntryPointNotFoundException)
        {
            // How the library of a CPU build says it for TensorRT; for CUDA it has words of its own.
            return $"{provider} execution provider is not enabled in this build.";
        }
        catch (Exception failure) when (
            failure is OnnxRuntimeException or DllNotFoundException or InvalidOperationException)
        {
            return failure.Message.TrimEnd('.', ' ', '\n') + ".";
        }
    }

    private static V1.ExecutionProvider Wanted(DeviceProvider provider) => provider switch
    {
        DeviceProvider.Auto or DeviceProvider.Cuda => V1.ExecutionProvider.Cuda,
        DeviceProvider.TensorRt => V1.ExecutionProvider.Tensorrt,
        DeviceProvider.Cpu => V1.ExecutionProvider.Cpu,
        _ => throw new ArgumentOutOfRangeException(nameof(provider), provider, "There is no such provider."),
    };

    private static string Describe(
        V1.ExecutionProvider provider, int deviceIndex, ComputeSplit split) => provider switch
        {
            V1.ExecutionProvider.Cuda => FormattableString.Invariant($"CUDA device {deviceIndex}"),
            V1.ExecutionProvider.Tensorrt => FormattableString.Invariant($"TensorRT on CUDA device {deviceIndex}"),
            _ => "CPU, "
                + (split.Runs == 1 ? "" : FormattableString.Invariant($"{split.Runs} frames at once, each on "))
                + FormattableString.Invariant($"{split.Threads} {(split.Threads == 1 ? "thread" : "threads")}"),
        };

    private static void Log(ILogger logger, V1.Device device, string? failure)
    {
        if (device.FallbackReason.Length > 0)
        {
            logger.LogWarning("Models fall back to {Device}: {Reason}", device.Description, device.FallbackReason);
        }
        else if (failure is not null)
        {
            logger.LogInformation("Models run on {Device}; no GPU was chosen: {Reason}", device.Description, failure);
        }
        else
        {
            logger.LogInformation("Models run on {Device}", device.Description);
        }
    }
}
