namespace ForegSyte.Inference.Vision;

/// <summary>A rectangle in which there is a line of text.</summary>
/// <param name="Quad">The rectangle.</param>
/// <param name="Confidence">How sure the text detector is, 0 to 1.</param>
internal readonly record struct TextBox(Quad Quad, float Confidence);
