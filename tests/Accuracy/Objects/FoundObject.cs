namespace ForegSyte.Accuracy.Objects;

/// <summary>An object that a detector found.</summary>
/// <param name="Frame">Index of the frame.</param>
/// <param name="Category">Name of its class.</param>
/// <param name="Box">Where it is.</param>
/// <param name="Confidence">0 to 1.</param>
internal sealed record FoundObject(int Frame, string Category, PixelBox Box, double Confidence);
