using System.Runtime.InteropServices;
using ForegSyte.V1;

namespace ForegSyte.Inference.Models;

/// <summary>
/// The libraries that ONNX Runtime's GPU providers load. ONNX Runtime's own message names only the first missing one.
/// </summary>
internal static class GpuLibraries
{
    /// <summary>ONNX Runtime's file with the CUDA provider; only a CUDA build has it.</summary>
    private const string CudaProvider = "libonnxruntime_providers_cuda.so";

    private const string Cudnn = "libcudnn.so.9";

    private static readonly (string Product, string[] Files)[] Cuda =
    [
        ("the NVIDIA driver", ["libcuda.so.1"]),
        ("CUDA 13", ["libcudart.so.13", "libcublas.so.13", "libcublasLt.so.13", "libcurand.so.10"]),
        ("cuDNN 9", [Cudnn]),
    ];

    private static readonly (string Product, string[] Files)[] TensorRt =
        [("TensorRT 10", ["libnvinfer.so.10", "libnvonnxparser.so.10"])];

    /// <summary>What is missing for a provider, and what to do; empty if nothing is missing.</summary>
    public static string Advice(ExecutionProvider provider) => Advice(
        provider, File.Exists(Path.Combine(AppContext.BaseDirectory, CudaProvider))
            || File.Exists(Path.Combine(AppContext.BaseDirectory, "runtimes", "linux-x64", "native", CudaProvider)),
        CanLoad);

    /// <summary>The same for a build and a machine.</summary>
    /// <param name="provider">The provider.</param>
    /// <param name="isCudaBuild">Whether ONNX Runtime was built with the GPU providers.</param>
    /// <param name="canLoad">Whether the machine has a library.</param>
    internal static string Advice(ExecutionProvider provider, bool isCudaBuild, Predicate<string> canLoad)
    {
        if (!isCudaBuild)
        {
            return "This is the build for CPUs. Build the service with -p:Accelerator=cuda.";
        }

        var needed = provider == ExecutionProvider.Tensorrt ? [.. Cuda, .. TensorRt] : Cuda;
        var missing = needed.Select(item => (item.Product, Files: item.Files.Where(file => !canLoad(file)).ToList()))
            .Where(item => item.Files.Count > 0)
            .Select(item => $"{item.Product} ({string.Join(", ", item.Files)})")
            .ToList();
        return missing.Count == 0
            ? ""
            : $"Missing on this machine: {string.Join("; ", missing)}. Install them, or add the folders that have them "
                + "to LD_LIBRARY_PATH; Python packages for CUDA keep them in site-packages/nvidia/*/lib.";
    }

    /// <summary>
    /// Loads cuDNN. The CUDA provider loads it only for the first convolution, so without it a session would still
    /// start.
    /// </summary>
    /// <exception cref="DllNotFoundException">It is missing.</exception>
    public static void LoadCudnn() => NativeLibrary.Load(Cudnn);

    private static bool CanLoad(string file)
    {
        if (!NativeLibrary.TryLoad(file, out var library))
        {
            return false;
        }

        NativeLibrary.Free(library);
        return true;
    }
}
