namespace ForegSyte.Inference.Video;

/// <summary>
/// The size at which a pipeline wants frames: as they are, or stretched to a fixed size by the decoder.
/// </summary>
/// <param name="Width">Width in pixels; null for the video's own size.</param>
/// <param name="Height">Height in pixels; null for the video's own size.</param>
internal sealed record DecodeSize(int? Width, int? Height)
{
    /// <summary>Frames as large as the video shows them.</summary>
    public static readonly DecodeSize Native = new(null, null);
}
