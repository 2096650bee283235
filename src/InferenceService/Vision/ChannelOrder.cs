namespace ForegSyte.Inference.Vision;

/// <summary>Order of a tensor's colour channels.</summary>
internal enum ChannelOrder
{
    /// <summary>Red, green, blue.</summary>
    Rgb,

    /// <summary>Blue, green, red: what models trained on OpenCV images expect.</summary>
    Bgr,
}
