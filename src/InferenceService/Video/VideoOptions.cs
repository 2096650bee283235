using System.ComponentModel.DataAnnotations;
using ForegSyte.Hosting.Configuration;
using ForegSyte.Inference.V1;
using ForegSyte.Protocol.Limits;
using ForegSyte.V1;
using ForegSyte.Video;

namespace ForegSyte.Inference.Video;

/// <summary>Options of finding, checking and decoding videos, and their limits.</summary>
internal sealed class VideoOptions : IValidatableObject
{
    public const string Section = "Video";

    /// <value>Path of ffmpeg; a bare name is looked up on PATH.</value>
    [Required]
    public string FfmpegPath { get; set; } = "ffmpeg";

    /// <value>Path of ffprobe; a bare name is looked up on PATH.</value>
    [Required]
    public string FfprobePath { get; set; } = "ffprobe";

    /// <value>
    /// Folders from which the service reads videos. Empty means the folder of stored videos,
    /// {DataDirectory}/video_jobs.
    /// </value>
    public IList<string> AllowedRoots { get; } = [];

    /// <value>
    /// FFmpeg's names of the codecs, of pictures, sound and subtitles, that a video may have. Empty means
    /// <see cref="VideoCodecs.Default"/>.
    /// </value>
    public IList<string> AllowedCodecs { get; } = [];

    /// <value>
    /// Maximum number of frames of all video tracks of a file. Each takes 16 bytes while the video is in use.
    /// </value>
    [Range(1, 50_000_000)]
    [Limit(
        "frames", "Frames of all video tracks of a file together; a longer video is refused.",
        Reason = ErrorReason.VideoLimitExceeded)]
    public int MaxFrames { get; set; } = 5_000_000;

    /// <value>Longest side of a frame in pixels; the levels of H.264 and HEVC stay below the default.</value>
    [Range(16, 32768)]
    [Limit(
        "pixels", "Longest side of a frame; a video with larger frames is refused.",
        Reason = ErrorReason.VideoLimitExceeded)]
    public int MaxFrameSidePixels { get; set; } = 16384;

    /// <value>
    /// Maximum pixels of a frame. The default, 8192 x 4352, is that of the highest levels of HEVC and AV1 (6.2, 6.3).
    /// docs/operations.md has the memory that a segment takes by size.
    /// </value>
    [Range(256, 268_435_456)]
    [Limit(
        "pixels", "Pixels of a frame; a video with larger frames is refused.",
        Reason = ErrorReason.VideoLimitExceeded)]
    public int MaxFramePixels { get; set; } = 8192 * 4352;

    /// <value>Time limit of reading the packet table of one video.</value>
    [TimeRange("00:00:00.0010000", "1.00:00:00")]
    [Limit(
        "", "Time limit of reading the packet table of a video; at the limit the video is refused.",
        Reason = ErrorReason.VideoLimitExceeded)]
    public TimeSpan ProbeTimeLimit { get; set; } = TimeSpan.FromMinutes(5);

    /// <value>Time limit of one segment's waits for its decoder, all waits added up.</value>
    [TimeRange("00:00:00.0010000", "1.00:00:00")]
    [Limit(
        "", "Time limit of a segment's waits for its decoder; at the limit the decoder is killed.",
        Reason = ErrorReason.VideoLimitExceeded)]
    public TimeSpan DecodeTimeLimit { get; set; } = TimeSpan.FromMinutes(30);

    /// <value>Processor seconds of one decoder or probe process, all its threads added up.</value>
    [Range(1, 864_000)]
    [Limit(
        "s", "Processor time of one decoder process; at the limit the kernel kills it.",
        Reason = ErrorReason.VideoLimitExceeded)]
    public int ProcessCpuSeconds { get; set; } = 3600;

    /// <value>
    /// Address space of one decoder or probe process in MiB. The default decodes 8K; <see cref="DecoderSandbox"/> has
    /// the measurements.
    /// </value>
    [Range(64, 1_048_576)]
    [Limit(
        "MiB", "Address space of one decoder process; at the limit the kernel grants no more.",
        Reason = ErrorReason.VideoLimitExceeded)]
    public int ProcessMemoryMebibytes { get; set; } = 4096;

    /// <value>Threads of one decoder.</value>
    [Range(1, 64)]
    [Limit("threads", "Threads of one decoder.")]
    public int DecoderThreads { get; set; } = 2;

    /// <value>Niceness of decoders (nice(1)).</value>
    [Range(0, 19)]
    public int Niceness { get; set; } = 5;

    /// <value>
    /// auto, required or off: auto uses the highest level up to <see cref="SandboxLevel"/> that works on this machine;
    /// required refuses to start below that level.
    /// </value>
    [EnumDataType(typeof(SandboxMode))]
    public SandboxMode Sandbox { get; set; } = SandboxMode.Auto;

    /// <value>limits, network or files: the sandbox level of decoders.</value>
    [AllowedValues(
        SandboxLevel.Limits, SandboxLevel.Network, SandboxLevel.Files,
        ErrorMessage = "{0} must be limits, network or files.")]
    public SandboxLevel SandboxLevel { get; set; } = SandboxLevel.Files;

    /// <value>none, auto or cuda: use of NVDEC.</value>
    [EnumDataType(typeof(HardwareDecoder))]
    public HardwareDecoder HardwareDecoder { get; set; } = HardwareDecoder.None;

    /// <value>CUDA index of the GPU that decodes.</value>
    [Range(0, 63)]
    public int HardwareDeviceIndex { get; set; }

    /// <value>Maximum number of idle decoders that wait for the next segment of their job; 0 ends each at once.</value>
    [Range(0, 256)]
    [Limit("decoders", "Idle decoders that wait for the next segment of their job; above it a decoder ends at once.")]
    public int WaitingDecoders { get; set; } = 8;

    /// <value>How long an idle decoder waits for the next segment of its job.</value>
    [TimeRange("00:00:00.1000000", "01:00:00")]
    [Limit("", "How long an idle decoder waits for the next segment of its job; then the decoder ends.")]
    public TimeSpan DecoderWaitTime { get; set; } = TimeSpan.FromSeconds(5);

    /// <value>How often a decoder that fails its self-test is tested again.</value>
    [TimeRange("00:00:00.0100000", "01:00:00")]
    public TimeSpan SelfTestInterval { get; set; } = TimeSpan.FromSeconds(10);

    /// <value>Maximum number of cached packet tables.</value>
    [Range(0, 1000)]
    [Limit("videos", "Cached packet tables of videos; above it the least recently used one is evicted.")]
    public int CachedIndexes { get; set; } = 8;

    /// <value>
    /// Maximum memory of the cached packet tables in bytes, with their lookup tables; 5 million frames take 140 MB. A
    /// larger table is kept alone.
    /// </value>
    [Range(0L, 1L << 40)]
    [Limit("bytes", "Memory of the cached packet tables; above it the least recently used ones are evicted.")]
    public long CachedIndexBytes { get; set; } = 256 << 20;

    /// <summary>The limits on videos that the reader of frames checks.</summary>
    public VideoLimits Limits => new(
        MaxFrames,
        MaxFrameSidePixels,
        MaxFramePixels,
        VideoCodecs.DecodersOf(AllowedCodecs.Count == 0 ? VideoCodecs.Default : AllowedCodecs));

    /// <inheritdoc />
    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        foreach (var codec in AllowedCodecs.Where(codec => !VideoCodecs.IsName(codec)))
        {
            yield return new ValidationResult(
                $"{Section}:{nameof(AllowedCodecs)} has '{codec}', which is no name of a codec. 'ffmpeg -codecs' lists "
                + "the names, for example hevc.",
                [nameof(AllowedCodecs)]);
        }

        if (AllowedCodecs.Count > 0 && !AllowedCodecs.Contains(VideoCodecs.OfSelfTest))
        {
            yield return new ValidationResult(
                $"{Section}:{nameof(AllowedCodecs)} must contain {VideoCodecs.OfSelfTest}, the codec of the decoder's "
                + "self-test.",
                [nameof(AllowedCodecs)]);
        }
    }
}

/// <summary>The use of <see cref="VideoOptions.SandboxLevel"/>.</summary>
internal enum SandboxMode
{
    /// <summary>The configured level, or the next one below it that works on this machine.</summary>
    Auto,

    /// <summary>The configured level; the service refuses to start if it does not work.</summary>
    Required,

    /// <summary>At most <see cref="SandboxLevel.Limits"/>.</summary>
    Off,
}

/// <summary>The use of hardware decoders.</summary>
internal enum HardwareDecoder
{
    /// <summary>The processor decodes.</summary>
    None,

    /// <summary>NVDEC if it works, otherwise the processor.</summary>
    Auto,

    /// <summary>NVDEC; the service refuses to start if it does not work.</summary>
    Cuda,
}
