using System.Runtime.InteropServices;

namespace ForegSyte.Inference.Models;

/// <summary>
/// Memory of an NVIDIA GPU as reported by its driver (NVML, the library behind nvidia-smi). NVML numbers GPUs by their
/// bus position; CUDA does the same if CUDA_DEVICE_ORDER is PCI_BUS_ID.
/// </summary>
internal sealed partial class GpuMemory
{
    private const string Library = "libnvidia-ml.so.1";
    private readonly IntPtr _device;

    private GpuMemory(IntPtr device) => _device = device;

    /// <summary>Opens a GPU, or returns null if the driver or the GPU is missing.</summary>
    public static GpuMemory? Open(int deviceIndex)
    {
        try
        {
            return Initialize() == 0 && GetDevice((uint)deviceIndex, out var device) == 0
                ? new GpuMemory(device)
                : null;
        }
        catch (Exception failure) when (failure is DllNotFoundException or EntryPointNotFoundException)
        {
            return null;
        }
    }

    /// <summary>Used and total memory in bytes; null if the driver does not report them.</summary>
    public (long Used, long Total)? Read() =>
        GetMemory(_device, out var memory) == 0 ? ((long)memory.Used, (long)memory.Total) : null;

    [LibraryImport(Library, EntryPoint = "nvmlInit_v2")]
    private static partial int Initialize();

    [LibraryImport(Library, EntryPoint = "nvmlDeviceGetHandleByIndex_v2")]
    private static partial int GetDevice(uint index, out IntPtr device);

    [LibraryImport(Library, EntryPoint = "nvmlDeviceGetMemoryInfo")]
    private static partial int GetMemory(IntPtr device, out Memory memory);

    /// <summary>nvmlMemory_t.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct Memory
    {
        public ulong Total;
        public ulong Free;
        public ulong Used;
    }
}
