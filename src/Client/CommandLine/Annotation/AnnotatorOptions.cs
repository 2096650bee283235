namespace ForegSyte.CommandLine.Annotation;

/// <summary>Settings of a <see cref="VideoAnnotator"/>.</summary>
internal sealed record AnnotatorOptions
{
    /// <summary>Name or path of FFmpeg's program.</summary>
    /// <value>Default: "ffmpeg", found by PATH.</value>
    public string FfmpegPath { get; init; } = "ffmpeg";

    /// <summary>x264's constant rate factor.</summary>
    /// <value>Default: 23, x264's own default. 0 (lossless) to 51.</value>
    public int ConstantRateFactor { get; init; } = 23;

    /// <summary>x264's preset.</summary>
    /// <value>Default: "veryfast".</value>
    public string Preset { get; init; } = "veryfast";

    /// <summary>Largest frame in pixels; one frame is held in memory, 4 bytes a pixel.</summary>
    /// <value>Default: 7680 x 4320.</value>
    public long MaxFramePixels { get; init; } = 7680L * 4320;
}
