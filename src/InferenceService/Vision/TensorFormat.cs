namespace ForegSyte.Inference.Vision;

/// <summary>
/// How 8-bit pixels become numbers of a tensor: value = pixel * scale + offset for each channel of the tensor, in the
/// tensor's channel order.
/// </summary>
/// <param name="Channels">Order of the channels in the tensor.</param>
/// <param name="Layout">Whether the channels are planes or lie side by side.</param>
/// <param name="Scale">Factor of each channel, in the tensor's order.</param>
/// <param name="Offset">Summand of each channel, in the tensor's order.</param>
internal sealed record TensorFormat(
    ChannelOrder Channels, TensorLayout Layout, (float First, float Second, float Third) Scale,
    (float First, float Second, float Third) Offset)
{
    /// <summary>Channels of the tensor.</summary>
    public const int ChannelCount = 3;

    /// <summary>
    /// The format for (pixel * factor - mean) / deviation, with mean and deviation in the tensor's order.
    /// </summary>
    public static TensorFormat Normalized(
        ChannelOrder channels, TensorLayout layout, float factor,
        (float First, float Second, float Third) mean, (float First, float Second, float Third) deviation) =>
        new(
            channels,
            layout,
            (factor / deviation.First, factor / deviation.Second, factor / deviation.Third),
            (-mean.First / deviation.First, -mean.Second / deviation.Second, -mean.Third / deviation.Third));

    /// <summary>The format for pixel * factor.</summary>
    public static TensorFormat Scaled(ChannelOrder channels, TensorLayout layout, float factor) =>
        new(channels, layout, (factor, factor, factor), (0, 0, 0));

    /// <summary>Scale of a channel of the tensor, 0 to 2.</summary>
    public float ScaleOf(int channel) => Of(Scale, channel);

    /// <summary>Offset of a channel of the tensor, 0 to 2.</summary>
    public float OffsetOf(int channel) => Of(Offset, channel);

    /// <summary>The byte of an RGB pixel, 0 to 2, that fills a channel of the tensor.</summary>
    public int SourceByteOf(int channel) => Channels == ChannelOrder.Rgb ? channel : ChannelCount - 1 - channel;

    private static float Of((float First, float Second, float Third) values, int channel) => channel switch
    {
        0 => values.First,
        1 => values.Second,
        _ => values.Third,
    };
}
