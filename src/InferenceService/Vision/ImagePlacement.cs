namespace ForegSyte.Inference.Vision;

/// <summary>How an image is fitted into a tensor of another shape.</summary>
internal enum ImagePlacement
{
    /// <summary>Stretched to fill the tensor; the shape of things changes.</summary>
    Stretch,

    /// <summary>Scaled without changing its shape, at the top left; the rest is padded.</summary>
    LetterboxTopLeft,

    /// <summary>Scaled without changing its shape, in the middle; the rest is padded.</summary>
    LetterboxCentre,
}
