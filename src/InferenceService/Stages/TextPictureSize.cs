namespace ForegSyte.Inference.Stages;

/// <summary>The size at which text is looked for.</summary>
internal static class TextPictureSize
{
    /// <summary>The network halves its input five times, so that both sides have to be multiples of this.</summary>
    public const int Multiple = 32;

    /// <summary>
    /// The frame's size where its longer side is at most the limit, otherwise scaled down to it; each side rounded to
    /// the nearest multiple of 32, as PaddleOCR's DetResizeForTest (limit_type max) does.
    /// </summary>
    public static (int Width, int Height) Of(int frameWidth, int frameHeight, int maxSide)
    {
        var scale = Math.Min(1, (double)maxSide / Math.Max(frameWidth, frameHeight));
        return (ToMultiple(frameWidth * scale), ToMultiple(frameHeight * scale));
    }

    private static int ToMultiple(double side) => Math.Max(Multiple, (int)Math.Round(side / Multiple) * Multiple);
}
