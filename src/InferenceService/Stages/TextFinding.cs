namespace ForegSyte.Inference.Stages;

/// <summary>A line of text, and the object on which it was found.</summary>
/// <param name="Region">The line. Its detection_index is set later, when the order of all detections is known.</param>
/// <param name="Within">One of the upstream detections; null where none holds the line.</param>
internal sealed record TextFinding(V1.TextRegion Region, V1.Detection? Within);
