namespace ForegSyte.Inference.Video;

/// <summary>Size of a frame as it leaves the decoder, in pixels.</summary>
internal readonly record struct FrameSize(int Width, int Height);
