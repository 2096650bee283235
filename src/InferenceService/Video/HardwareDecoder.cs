namespace ForegSyte.Inference.Video;

/// <summary>What decodes videos beside the processor.</summary>
internal enum HardwareDecoder
{
    /// <summary>Nothing: the processor decodes.</summary>
    None,

    /// <summary>NVDEC where this ffmpeg and this machine have it, otherwise the processor.</summary>
    Auto,

    /// <summary>NVDEC; the service refuses to start where it cannot be used.</summary>
    Cuda,
}
