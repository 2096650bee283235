namespace ForegSyte.Inference.Models;

/// <summary>The device that an operator asks for.</summary>
internal enum DeviceProvider
{
    /// <summary>CUDA where it works, otherwise the CPU; the CPU is then no fall-back.</summary>
    Auto,

    /// <summary>The processor.</summary>
    Cpu,

    /// <summary>An NVIDIA GPU through CUDA.</summary>
    Cuda,

    /// <summary>An NVIDIA GPU through TensorRT, with CUDA for what TensorRT does not know.</summary>
    TensorRt,
}
