using ForegSyte.Inference.Models;
using ForegSyte.V1;

namespace ForegSyte.Inference.Tests.Models;

public sealed class GpuLibrariesTests
{
    [Fact]
    public void Advice_MachineWithADriverOnly_NamesCudaAndCudnnWithTheirFiles() => Assert.Equal(
        "Missing on this machine: CUDA 13 (libcublasLt.so.13, libcurand.so.10); cuDNN 9 (libcudnn.so.9). Install them, "
        + "or add the folders that have them to LD_LIBRARY_PATH; Python packages for CUDA keep them in "
        + "site-packages/nvidia/*/lib.",
        GpuLibraries.Advice(
            ExecutionProvider.Cuda,
            isCudaBuild: true,
            file => file is "libcuda.so.1" or "libcudart.so.13" or "libcublas.so.13"));

    [Fact]
    public void Advice_MachineWithoutADriver_NamesIt() => Assert.Contains(
        "the NVIDIA driver (libcuda.so.1)",
        GpuLibraries.Advice(ExecutionProvider.Cuda, isCudaBuild: true, _ => false),
        StringComparison.Ordinal);

    [Fact]
    public void Advice_TensorRt_NeedsItsOwnLibrariesToo()
    {
        var advice = GpuLibraries.Advice(
            ExecutionProvider.Tensorrt,
            isCudaBuild: true,
            file => !file.StartsWith("libnv", StringComparison.Ordinal));

        Assert.Contains("TensorRT 10 (libnvinfer.so.10, libnvonnxparser.so.10)", advice, StringComparison.Ordinal);
        Assert.DoesNotContain("cuDNN 9", advice, StringComparison.Ordinal);
    }

    [Fact]
    public void Advice_BuildForCpus_SaysHowToBuild() => Assert.Contains(
        "-p:Accelerator=cuda",
        GpuLibraries.Advice(ExecutionProvider.Cuda, isCudaBuild: false, _ => true),
        StringComparison.Ordinal);

    [Fact]
    public void Advice_NothingMissing_IsEmpty() =>
        Assert.Empty(GpuLibraries.Advice(ExecutionProvider.Cuda, isCudaBuild: true, _ => true));
}
