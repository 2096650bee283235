using ForegSyte.Inference.Video;
using ForegSyte.Inference.Vision;

namespace ForegSyte.Inference.Stages;

/// <summary>Tells whether a frame shows the same as an earlier one.</summary>
internal static class SamePicture
{
    /// <summary>Whether no block differs by more than a stage's <see cref="IStage.ChangeThreshold"/>.</summary>
    /// <param name="frame">The frame.</param>
    /// <param name="earlier">Pixels of a frame of the same size.</param>
    /// <param name="threshold">Grey levels.</param>
    public static bool Is(Frame frame, ReadOnlySpan<byte> earlier, int threshold) => !FrameChange.Exceeds(
        new RgbImage(frame.Pixels.Span, frame.Width, frame.Height),
        new RgbImage(earlier, frame.Width, frame.Height),
        threshold);
}
