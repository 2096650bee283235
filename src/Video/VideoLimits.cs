namespace ForegSyte.Video;

/// <summary>The limits on videos. A refusal names the exceeded one by its property.</summary>
/// <param name="MaxFrames">Maximum number of frames.</param>
/// <param name="MaxFrameSidePixels">Longest side of a frame in pixels.</param>
/// <param name="MaxFramePixels">Maximum pixels of a frame.</param>
/// <param name="Decoders">FFmpeg's names of the decoders that it may use; null for all.</param>
internal sealed record VideoLimits(
    int MaxFrames, int MaxFrameSidePixels, int MaxFramePixels, IReadOnlyList<string>? Decoders = null);
