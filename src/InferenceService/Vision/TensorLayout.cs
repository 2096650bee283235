namespace ForegSyte.Inference.Vision;

/// <summary>Where a tensor's colour channels lie.</summary>
internal enum TensorLayout
{
    /// <summary>[1, 3, height, width]: three planes.</summary>
    Planar,

    /// <summary>[1, height, width, 3]: the channels of a pixel side by side.</summary>
    Interleaved,
}
