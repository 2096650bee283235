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
    public static void Append(SessionOptions options, V1.ExecutionProvider provider, DeviceOptions device)
    {
        switch (provider)
        {
            case V1.ExecutionProvider.Tensorrt:
                using (var tensorRt = new OrtTensorRTProviderOptions())
                {
                    tensorRt.UpdateOptions(ProviderSettings.TensorRt(device));
                    options.AppendExecutionProvider_Tensorrt(tensorRt);
                }

                AppendCuda(options, device);
                break;
            case V1.ExecutionProvider.Cuda:
                AppendCuda(options, device);
                break;
            case V1.ExecutionProvider.Cpu:
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(provider), provider, "There is no such provider.");
        }
    }

    private static void AppendCuda(SessionOptions options, DeviceOptions device)
    {
        using var cuda = new OrtCUDAProviderOptions();
        cuda.UpdateOptions(ProviderSettings.Cuda(device));
        options.AppendExecutionProvider_CUDA(cuda);
    }
}
