namespace ForegSyte.Inference.Vision;

/// <summary>Order of the color channels in a tensor.</summary>
internal enum ChannelOrder
{
    /// <summary>Red, green, blue.</summary>
    Rgb,

    /// <summary>Blue, green, red: the order of models trained on OpenCV images.</summary>
    Bgr,
}

/// <summary>Memory layout of the color channels in a tensor.</summary>
internal enum TensorLayout
{
    /// <summary>[1, 3, height, width]: one plane per channel (NCHW).</summary>
    Planar,

    /// <summary>[1, height, width, 3]: the channels of a pixel side by side (NHWC).</summary>
    Interleaved,
}

/// <summary>How an image of one aspect ratio is fitted into a tensor of another.</summary>
internal enum ImagePlacement
{
    /// <summary>Stretched to fill the tensor; the aspect ratio changes.</summary>
    Stretch,

    /// <summary>Scaled with its aspect ratio and placed at the top left; the rest is padded.</summary>
    LetterboxTopLeft,

    /// <summary>Scaled with its aspect ratio and centered; the rest is padded.</summary>
    LetterboxCenter,
}

/// <summary>
/// Conversion of 8-bit pixels to tensor values: value = pixel * scale + offset, per channel in the channel order of the
/// tensor.
/// </summary>
/// <param name="Channels">Channel order of the tensor.</param>
/// <param name="Layout">Memory layout of the channels.</param>
/// <param name="Scale">Factor per channel, in the order of the tensor.</param>
/// <param name="Offset">Summand per channel, in the order of the tensor.</param>
internal sealed record TensorFormat(
    ChannelOrder Channels, TensorLayout Layout, (float First, float Second, float Third) Scale,
    (float First, float Second, float Third) Offset)
{
    /// <summary>Number of channels.</summary>
    public const int ChannelCount = 3;

    /// <summary>
    /// The format for (pixel * factor - mean) / deviation, with mean and deviation in the channel order of the tensor.
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

    /// <summary>Scale of a tensor channel, 0 to 2.</summary>
    public float ScaleOf(int channel) => Of(Scale, channel);

    /// <summary>Offset of a tensor channel, 0 to 2.</summary>
    public float OffsetOf(int channel) => Of(Offset, channel);

    /// <summary>Index of the byte of an RGB pixel, 0 to 2, that belongs to a tensor channel.</summary>
    public int SourceByteOf(int channel) => Channels == ChannelOrder.Rgb ? channel : ChannelCount - 1 - channel;

    private static float Of((float First, float Second, float Third) values, int channel) => channel switch
    {
        0 => values.First,
        1 => values.Second,
        _ => values.Third,
    };
}

/// <summary>Position and size of an image in a tensor, and the mapping of boxes back to the image.</summary>
/// <param name="ImageWidth">Width of the image in its own pixels.</param>
/// <param name="ImageHeight">Height of the image in its own pixels.</param>
/// <param name="Left">First tensor column of the image.</param>
/// <param name="Top">First tensor row of the image.</param>
/// <param name="Width">Number of tensor columns of the image, at least 1.</param>
/// <param name="Height">Number of tensor rows of the image, at least 1.</param>
internal readonly record struct ImageFit(
    int ImageWidth, int ImageHeight, int Left, int Top, int Width, int Height)
{
    /// <summary>
    /// Fits an image into a tensor. Letterboxing scales by the smaller ratio. At the top left the size is truncated to
    /// whole pixels (YOLOX, preproc); in the center it is rounded, and an odd pixel of padding goes to the right and
    /// the bottom (Ultralytics, LetterBox).
    /// </summary>
    public static ImageFit Of(
        int imageWidth, int imageHeight, int tensorWidth, int tensorHeight, ImagePlacement placement)
    {
        if (placement == ImagePlacement.Stretch)
        {
            return new(imageWidth, imageHeight, 0, 0, tensorWidth, tensorHeight);
        }

        var scale = Math.Min((double)tensorWidth / imageWidth, (double)tensorHeight / imageHeight);
        if (placement == ImagePlacement.LetterboxTopLeft)
        {
            return new(
                imageWidth, imageHeight, 0, 0,
                Math.Max(1, (int)(imageWidth * scale)), Math.Max(1, (int)(imageHeight * scale)));
        }

        var width = Math.Max(1, (int)Math.Round(imageWidth * scale));
        var height = Math.Max(1, (int)Math.Round(imageHeight * scale));
        return new(imageWidth, imageHeight, (tensorWidth - width) / 2, (tensorHeight - height) / 2, width, height);
    }

    /// <summary>Maps a box from tensor pixels to an image of any resolution and clips it to the image.</summary>
    /// <param name="box">Box in tensor pixels.</param>
    /// <param name="targetWidth">Width of the image, for example of the video before it was scaled.</param>
    /// <param name="targetHeight">Height of the image.</param>
    public ScoredBox ToImage(in ScoredBox box, float targetWidth, float targetHeight)
    {
        var scaleX = targetWidth / Width;
        var scaleY = targetHeight / Height;
        return box with
        {
            Left = Math.Clamp((box.Left - Left) * scaleX, 0, targetWidth),
            Top = Math.Clamp((box.Top - Top) * scaleY, 0, targetHeight),
            Right = Math.Clamp((box.Right - Left) * scaleX, 0, targetWidth),
            Bottom = Math.Clamp((box.Bottom - Top) * scaleY, 0, targetHeight),
        };
    }
}
