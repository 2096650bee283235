namespace ForegSyte.Inference.Vision;

/// <summary>
/// A small gray picture of a frame, by which frames are compared. Whole numbers only, so that every processor gives the
/// same bytes.
/// </summary>
internal sealed class GrayPicture
{
    /// <summary>Side of the compared blocks in pixels.</summary>
    public const int BlockSide = 8;

    /// <summary>Maximum width and height; more would put each picture into the large object heap.</summary>
    private const int MaxSide = 288;

    private readonly byte[] _pixels;

    private GrayPicture(byte[] pixels, int width, int height) => (_pixels, Width, Height) = (pixels, width, height);

    public int Width { get; }

    public int Height { get; }

    /// <summary>Scales an image down by a whole number; each pixel is the mean of four samples of its cell.</summary>
    public static GrayPicture Of(RgbImage image)
    {
        var step = Math.Max(1, (Math.Max(image.Width, image.Height) + MaxSide - 1) / MaxSide);
        var (width, height) = (Math.Max(1, image.Width / step), Math.Max(1, image.Height / step));
        var pixels = new byte[width * height];
        var (first, second) = (step / 4, step - 1 - (step / 4));
        for (var y = 0; y < height; y++)
        {
            var upper = image.Row(Math.Min((y * step) + first, image.Height - 1));
            var lower = image.Row(Math.Min((y * step) + second, image.Height - 1));
            var row = pixels.AsSpan(y * width, width);
            var (left, right) = (first * RgbImage.BytesPerPixel, second * RgbImage.BytesPerPixel);
            for (var x = 0; x < width; x++)
            {
                row[x] = (byte)((Gray(upper, left) + Gray(upper, right) + Gray(lower, left) + Gray(lower, right)) >> 4);
                left += step * RgbImage.BytesPerPixel;
                right += step * RgbImage.BytesPerPixel;
            }
        }

        return new GrayPicture(pixels, width, height);
    }

    /// <summary>
    /// The blocks whose mean absolute difference from an earlier picture of the same size exceeds a limit, row by row.
    /// Pixels beyond the last whole block do not count.
    /// </summary>
    /// <param name="earlier">The earlier picture; one of another size differs in every block.</param>
    /// <param name="limit">Gray levels.</param>
    public IEnumerable<(int Left, int Top)> ChangedBlocks(GrayPicture earlier, int limit)
    {
        for (var top = 0; top + BlockSide <= Height; top += BlockSide)
        {
            for (var left = 0; left + BlockSide <= Width; left += BlockSide)
            {
                if (earlier.Width != Width || earlier.Height != Height
                    || BlockDifference(earlier, left, top) > limit * BlockSide * BlockSide)
                {
                    yield return (left, top);
                }
            }
        }
    }

    /// <summary>
    /// Sum of the absolute differences between a part of an earlier picture and the same part of this one, moved; at
    /// the edges the outermost pixels repeat.
    /// </summary>
    /// <param name="earlier">The earlier picture, of the same size.</param>
    /// <param name="part">The part in the earlier picture.</param>
    /// <param name="moveX">How far it moved to the right.</param>
    /// <param name="moveY">How far it moved down.</param>
    public int Difference(GrayPicture earlier, in PicturePart part, int moveX, int moveY)
    {
        var sum = 0;
        for (var y = part.Top; y < part.Bottom; y += part.StepY)
        {
            var before = earlier._pixels.AsSpan(Math.Clamp(y, 0, Height - 1) * Width, Width);
            var now = _pixels.AsSpan(Math.Clamp(y + moveY, 0, Height - 1) * Width, Width);
            for (var x = part.Left; x < part.Right; x += part.StepX)
            {
                sum += Math.Abs(before[Math.Clamp(x, 0, Width - 1)] - now[Math.Clamp(x + moveX, 0, Width - 1)]);
            }
        }

        return sum;
    }

    /// <summary>Four times the gray level of a pixel.</summary>
    private static int Gray(ReadOnlySpan<byte> row, int at) => row[at] + (2 * row[at + 1]) + row[at + 2];

    private int BlockDifference(GrayPicture earlier, int left, int top)
    {
        var sum = 0;
        for (var y = top; y < top + BlockSide; y++)
        {
            var now = _pixels.AsSpan((y * Width) + left, BlockSide);
            var before = earlier._pixels.AsSpan((y * Width) + left, BlockSide);
            for (var x = 0; x < now.Length; x++)
            {
                sum += Math.Abs(now[x] - before[x]);
            }
        }

        return sum;
    }
}

/// <summary>Samples of a part of a picture.</summary>
/// <param name="Left">First column.</param>
/// <param name="Top">First row.</param>
/// <param name="Right">Column after the last one.</param>
/// <param name="Bottom">Row after the last one.</param>
/// <param name="StepX">Columns from sample to sample.</param>
/// <param name="StepY">Rows from sample to sample.</param>
internal readonly record struct PicturePart(int Left, int Top, int Right, int Bottom, int StepX, int StepY);
