using System.ComponentModel.DataAnnotations;
using ForegSyte.Hosting.Configuration;
using ForegSyte.Protocol.Limits;
using ForegSyte.V1;

namespace ForegSyte.Inference.Video;

/// <summary>How videos are found, checked and decoded, and what they may cost.</summary>
internal sealed class VideoOptions
{
    /// <summary>Name of the section.</summary>
    public const string Section = "Video";

    /// <value>Path of ffmpeg; a bare name is looked up on PATH.</value>
    [Required]
    public string FfmpegPath { get; set; } = "ffmpeg";

    /// <value>Path of ffprobe; a bare name is looked up on PATH.</value>
    [Required]
    public string FfprobePath { get; set; } = "ffprobe";

    /// <value>
    /// Folders that videos may lie in. Empty means the folder of stored videos, {DataDirectory}/video_jobs.
    /// </value>
    public IList<string> AllowedRoots { get; } = [];

    /// <value>Most frames of a video. Each costs 8 bytes for its timestamp while the video is in use.</value>
    [Range(1, 50_000_000)]
    [Limit(
        "frames", "Frames of a video, and so its duration; a longer video is refused.",
        Reason = ErrorReason.VideoLimitExceeded)]
    public int MaxFrames { get; set; } = 5_000_000;

    /// <value>Longest side of a frame in pixels; the largest that H.264 and HEVC levels know is below it.</value>
    [Range(16, 32768)]
    [Limit(
        "pixels", "Longest side of a frame; a video with larger frames is refused.",
        Reason = ErrorReason.VideoLimitExceeded)]
    public int MaxFrameSidePixels { get; set; } = 16384;

    /// <value>
    /// Most pixels of a frame; the default is 8192 x 8192, 192 MiB as RGB. The most that can be allowed is
    /// 16384 x 16384, 768 MiB as RGB.
    /// </value>
    [Range(256, 268_435_456)]
    [Limit(
        "pixels", "Pixels of a frame; a video with larger frames is refused.",
        Reason = ErrorReason.VideoLimitExceeded)]
    public int MaxFramePixels { get; set; } = 8192 * 8192;

    /// <value>How long reading the packet table of one video may take.</value>
    [TimeRange("00:00:00.0010000", "1.00:00:00")]
    [Limit("", "How long reading the packet table of a video may take; past it the video is refused.")]
    public TimeSpan ProbeTimeLimit { get; set; } = TimeSpan.FromMinutes(5);

    /// <value>How long one segment may wait for its decoder, all waits added up.</value>
    [TimeRange("00:00:00.0010000", "1.00:00:00")]
    [Limit("", "How long a segment may wait for its decoder in all; past it the decoder is ended.")]
    public TimeSpan DecodeTimeLimit { get; set; } = TimeSpan.FromMinutes(30);

    /// <value>Processor seconds that one decoder or probe process may use, all its threads added up.</value>
    [Range(1, 864_000)]
    [Limit("s", "Processor time of one decoder process; past it the kernel ends it.")]
    public int ProcessCpuSeconds { get; set; } = 3600;

    /// <value>
    /// Address space of one decoder or probe process in MiB. The default decodes 8K; <see cref="Confinement"/> has
    /// what was measured.
    /// </value>
    [Range(64, 1_048_576)]
    [Limit("MiB", "Address space of one decoder process; past it it gets no more.")]
    public int ProcessMemoryMebibytes { get; set; } = 4096;

    /// <value>Threads of one decoder.</value>
    [Range(1, 64)]
    [Limit("threads", "Threads of one decoder.")]
    public int DecoderThreads { get; set; } = 2;

    /// <value>How much decoders step back for other work, as nice(1) counts it.</value>
    [Range(0, 19)]
    public int Niceness { get; set; } = 5;

    /// <value>
    /// auto, required or off: whether decoders are confined at <see cref="SandboxLevel"/>, or as far as this machine
    /// allows; required refuses to start below it.
    /// </value>
    [EnumDataType(typeof(SandboxMode))]
    public SandboxMode Sandbox { get; set; } = SandboxMode.Auto;

    /// <value>limits, network or files: how far decoders are to be confined.</value>
    [AllowedValues(
        SandboxLevel.Limits, SandboxLevel.Network, SandboxLevel.Files,
        ErrorMessage = "{0} has to be limits, network or files.")]
    public SandboxLevel SandboxLevel { get; set; } = SandboxLevel.Files;

    /// <value>none, auto or cuda: whether NVDEC decodes.</value>
    [EnumDataType(typeof(HardwareDecoder))]
    public HardwareDecoder HardwareDecoder { get; set; } = HardwareDecoder.None;

    /// <value>Which GPU decodes, as CUDA counts them.</value>
    [Range(0, 63)]
    public int HardwareDeviceIndex { get; set; }

    /// <value>Decoders that may wait for the next segment of their job, all jobs together; 0 ends each at once.</value>
    [Range(0, 256)]
    [Limit("decoders", "Decoders that wait for the next segment of their job; past it the next one is ended.")]
    public int WaitingDecoders { get; set; } = 8;

    /// <value>How long a decoder waits for the next segment of its job.</value>
    [TimeRange("00:00:00.1000000", "01:00:00")]
    [Limit("", "How long a decoder is kept for the next segment of its job; past it it is ended.")]
    public TimeSpan DecoderWaitTime { get; set; } = TimeSpan.FromSeconds(5);

    /// <value>Packet tables kept for the next segment of the same video.</value>
    [Range(0, 1000)]
    [Limit("videos", "Packet tables kept for the next segment of the same video; others are read again.")]
    public int CachedIndexes { get; set; } = 8;
}
