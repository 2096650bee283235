using System.Globalization;
using ForegSyte.V1;
using Microsoft.ML.OnnxRuntime;
using SessionOptions = Microsoft.ML.OnnxRuntime.SessionOptions;

namespace ForegSyte.Inference.Models;

/// <summary>Adds an execution provider to the options of a session.</summary>
internal static class ExecutionProviders
{
    /// <summary>Adds a GPU provider; does nothing for the CPU, which every session has.</summary>
    /// <exception cref="OnnxRuntimeException">
    /// The build lacks the provider, or its driver or libraries are missing; the message names the first one.
    /// </exception>
    /// <exception cref="DllNotFoundException">cuDNN is missing.</exception>
    public static void Append(SessionOptions options, ExecutionProvider provider, DeviceOptions device)
    {
        switch (provider)
        {
            case ExecutionProvider.Tensorrt:
                using (var tensorRt = new OrtTensorRTProviderOptions())
                {
                    tensorRt.UpdateOptions(ProviderSettings.TensorRt(device));
                    options.AppendExecutionProvider_Tensorrt(tensorRt);
                }

                AppendCuda(options, device);
                break;
            case ExecutionProvider.Cuda:
                AppendCuda(options, device);
                break;
            case ExecutionProvider.Cpu:
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(provider), provider, "The provider is unknown.");
        }
    }

    private static void AppendCuda(SessionOptions options, DeviceOptions device)
    {
        using var cuda = new OrtCUDAProviderOptions();
        cuda.UpdateOptions(ProviderSettings.Cuda(device));
        options.AppendExecutionProvider_CUDA(cuda);
        GpuLibraries.LoadCudnn();
    }
}

/// <summary>Options of ONNX Runtime's GPU providers, under ONNX Runtime's own names.</summary>
internal static class ProviderSettings
{
    private const long Mebibyte = 1024 * 1024;

    /// <summary>Options of the CUDA provider.</summary>
    public static Dictionary<string, string> Cuda(DeviceOptions options)
    {
        var settings = new Dictionary<string, string>
        {
            ["device_id"] = Text(options.DeviceIndex),

            // The default, an exhaustive search, runs again for every new width of a text line.
            ["cudnn_conv_algo_search"] = "HEURISTIC",
            ["use_tf32"] = Text(options.Tf32),
        };
        if (options.MemoryLimitMebibytes > 0)
        {
            settings["gpu_mem_limit"] = Text(options.MemoryLimitMebibytes * Mebibyte);

            // The default, doubling the arena, asks for more than the limit long before the memory is used.
            settings["arena_extend_strategy"] = "kSameAsRequested";
        }

        return settings;
    }

    /// <summary>Options of the TensorRT provider.</summary>
    public static Dictionary<string, string> TensorRt(DeviceOptions options)
    {
        var settings = new Dictionary<string, string>
        {
            ["device_id"] = Text(options.DeviceIndex),
            ["trt_fp16_enable"] = Text(options.HalfPrecision),
        };
        if (options.MemoryLimitMebibytes > 0)
        {
            settings["trt_max_workspace_size"] = Text(options.MemoryLimitMebibytes * Mebibyte);
        }

        if (options.EngineCacheDirectory.Length > 0)
        {
            settings["trt_engine_cache_enable"] = Text(true);
            settings["trt_engine_cache_path"] = options.EngineCacheDirectory;
        }

        return settings;
    }

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);

    private static string Text(bool flag) => flag ? "1" : "0";
}
