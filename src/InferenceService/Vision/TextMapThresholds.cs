namespace ForegSyte.Inference.Vision;

/// <summary>Thresholds of <see cref="TextMap"/>.</summary>
/// <param name="Pixel">A pixel of the map above this is text, 0 to 1.</param>
/// <param name="Box">A region whose mean probability is below this is dropped, 0 to 1.</param>
/// <param name="Unclip">How far a region grows; see <see cref="TextMap.Find"/>.</param>
internal readonly record struct TextMapThresholds(float Pixel, float Box, float Unclip);
