using Microsoft.ML.OnnxRuntime;
using SessionOptions = Microsoft.ML.OnnxRuntime.SessionOptions;

namespace ForegSyte.Inference.Models;

/// <summary>Adds an execution provider to the options of a session.</summary>
internal static class ExecutionProviders
{
    /// <summary>
    /// Adds a GPU provider; nothing for the CPU, which is always there.
    /// </summary>
    /// <exception cref="OnnxRuntimeException">
    /// This build does not have the provider, or its driver or libraries are missing; the message tells which.
    /// </exception>
    public static void Append(SessionOptions options, V1.ExecutionProvider provider, int deviceIndex)
    {
        switch (provider)
        {
            case V1.ExecutionProvider.Tensorrt:
                options.AppendExecutionProvider_Tensorrt(deviceIndex);
                AppendCuda(options, deviceIndex);
                break;
            case V1.ExecutionProvider.Cuda:
                AppendCuda(options, deviceIndex);
                break;
            case V1.ExecutionProvider.Cpu:
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(provider), provider, "There is no such provider.");
        }
    }

    private static void AppendCuda(SessionOptions options, int deviceIndex)
    {
        using var cuda = new OrtCUDAProviderOptions();
        cuda.UpdateOptions(new Dictionary<string, string>
        {
            ["device_id"] = deviceIndex.ToString(System.Globalization.CultureInfo.InvariantCulture),
            // The exhaustive search of the default is repeated for every new width of a text line.
            ["cudnn_conv_algo_search"] = "HEURISTIC",
        });
        options.AppendExecutionProvider_CUDA(cuda);
    }
}
