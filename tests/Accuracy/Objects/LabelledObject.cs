namespace ForegSyte.Accuracy.Objects;

/// <summary>An object that a person drew.</summary>
/// <param name="Frame">Index of the frame.</param>
/// <param name="Category">Name of its class.</param>
/// <param name="Box">What is seen of it.</param>
/// <param name="IsIgnored">Whether it counts neither as found nor as missed.</param>
internal sealed record LabelledObject(int Frame, string Category, PixelBox Box, bool IsIgnored);
