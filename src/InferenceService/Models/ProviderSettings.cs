using System.Globalization;

namespace ForegSyte.Inference.Models;

/// <summary>What ONNX Runtime's GPU providers are told, by their own names for it. Pure.</summary>
internal static class ProviderSettings
{
    private const long Mebibyte = 1024 * 1024;

    /// <summary>Options of the CUDA provider.</summary>
    public static Dictionary<string, string> Cuda(DeviceOptions options)
    {
        var settings = new Dictionary<string, string>
        {
            ["device_id"] = Text(options.DeviceIndex),
            // The exhaustive search of the default is repeated for every new width of a text line.
            ["cudnn_conv_algo_search"] = "HEURISTIC",
            ["use_tf32"] = Text(options.Tf32),
        };
        if (options.MemoryLimitMebibytes > 0)
        {
            settings["gpu_mem_limit"] = Text(options.MemoryLimitMebibytes * Mebibyte);
            // Doubling, the default, would ask for more than the limit long before it is used.
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
