namespace ForegSyte.Inference.Video;

/// <summary>A packet that the decoder can start from.</summary>
/// <param name="PresentationTicks">When it is shown.</param>
/// <param name="IsHidden">Whether an edit list keeps it from being shown.</param>
internal readonly record struct SeekPoint(long PresentationTicks, bool IsHidden);
