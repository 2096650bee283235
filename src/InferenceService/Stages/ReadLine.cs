using ForegSyte.Inference.Vision;

namespace ForegSyte.Inference.Stages;

/// <summary>A line of text that was read.</summary>
/// <param name="Quad">Where it is, in pixels of the frame.</param>
/// <param name="Text">Its characters; may be empty.</param>
/// <param name="Confidence">Mean probability of its characters, 0 to 1.</param>
internal sealed record ReadLine(Quad Quad, string Text, float Confidence);
