namespace ForegSyte.CommandLine.Annotation;

/// <summary>What the decoder says about a frame that it is about to write.</summary>
/// <param name="TimestampUs">When the frame is shown, in microseconds of the video's clock.</param>
/// <param name="Width">Width in pixels, rotation applied.</param>
/// <param name="Height">Height in pixels, rotation applied.</param>
/// <param name="PixelAspectNumerator">Width of a pixel relative to its height; 0 where not known.</param>
/// <param name="PixelAspectDenominator">Height of a pixel relative to its width.</param>
internal sealed record DecodedFrame(
    long TimestampUs, int Width, int Height, int PixelAspectNumerator, int PixelAspectDenominator);
