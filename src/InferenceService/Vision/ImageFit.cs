namespace ForegSyte.Inference.Vision;

/// <summary>Where an image lies in a tensor, and how a box in the tensor becomes a box in the image.</summary>
/// <param name="ImageWidth">Width of the image in its own pixels.</param>
/// <param name="ImageHeight">Height of the image in its own pixels.</param>
/// <param name="Left">Column of the tensor at which the image begins.</param>
/// <param name="Top">Row of the tensor at which the image begins.</param>
/// <param name="Width">Columns of the tensor that the image takes, at least 1.</param>
/// <param name="Height">Rows of the tensor that the image takes, at least 1.</param>
internal readonly record struct ImageFit(
    int ImageWidth, int ImageHeight, int Left, int Top, int Width, int Height)
{
    /// <summary>
    /// Fits an image into a tensor. Letterboxing scales by the smaller ratio. At the top left the size is cut to whole
    /// pixels, as YOLOX's preproc does; in the middle it is rounded, and an odd pixel of padding goes to the right and
    /// the bottom, as Ultralytics' LetterBox does.
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

    /// <summary>
    /// A box of the tensor in pixels of a picture that shows the same as the image, cut at its edges.
    /// </summary>
    /// <param name="box">Box in pixels of the tensor.</param>
    /// <param name="pictureWidth">Width of the picture, for example of the video before it was scaled.</param>
    /// <param name="pictureHeight">Height of the picture.</param>
    public ScoredBox ToPicture(in ScoredBox box, float pictureWidth, float pictureHeight)
    {
        var scaleX = pictureWidth / Width;
        var scaleY = pictureHeight / Height;
        return box with
        {
            Left = Math.Clamp((box.Left - Left) * scaleX, 0, pictureWidth),
            Top = Math.Clamp((box.Top - Top) * scaleY, 0, pictureHeight),
            Right = Math.Clamp((box.Right - Left) * scaleX, 0, pictureWidth),
            Bottom = Math.Clamp((box.Bottom - Top) * scaleY, 0, pictureHeight),
        };
    }
}
