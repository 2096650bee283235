using ForegSyte.Protocol.Tracking;

namespace ForegSyte.Inference.Vision;

/// <summary>
/// Histograms of luma, blue and red difference (BT.601). A pixel counts for the two nearest bins, so that a little more
/// light changes little. Whole numbers only, so that every processor gives the same bytes.
/// </summary>
internal static class ColorHistograms
{
    /// <summary>Number of histograms.</summary>
    public const int Channels = 3;

    /// <summary>One unit of a position or a weight.</summary>
    private const int One = 256;

    /// <summary>Luma of a pixel in 1/256 gray levels.</summary>
    public static int Luma(ReadOnlySpan<byte> pixel) => (77 * pixel[0]) + (150 * pixel[1]) + (29 * pixel[2]);

    /// <summary>Adds a pixel.</summary>
    /// <param name="pixel">Red, green and blue.</param>
    /// <param name="luma">Its <see cref="Luma"/>.</param>
    /// <param name="scale">The size of the histograms.</param>
    /// <param name="sums">The bins of the three histograms, one after the other.</param>
    public static void Add(ReadOnlySpan<byte> pixel, int luma, in HistogramScale scale, Span<int> sums)
    {
        var bins = scale.Bins;
        var zero = bins * One / 2;
        AddAt((luma * bins) >> 8, sums[..bins]);
        AddAt(((((pixel[2] << 8) - luma) * scale.Blue) >> 16) + zero, sums.Slice(bins, bins));
        AddAt(((((pixel[0] << 8) - luma) * scale.Red) >> 16) + zero, sums.Slice(2 * bins, bins));
    }

    /// <summary>
    /// Converts sums over a number of pixels to bytes: the bins of a histogram then add up to about 255.
    /// </summary>
    public static void ToBytes(ReadOnlySpan<int> sums, int pixels, Span<byte> bytes)
    {
        var whole = (long)One * Math.Max(pixels, 1);
        for (var bin = 0; bin < sums.Length; bin++)
        {
            bytes[bin] = (byte)(((byte.MaxValue * (long)sums[bin]) + (whole / 2)) / whole);
        }
    }

    private static void AddAt(int place, Span<int> bins)
    {
        // The middle of a bin is at a half.
        place = Math.Clamp(place - (One / 2), 0, (bins.Length - 1) * One);
        var bin = Math.Min(place >> 8, bins.Length - 2);
        var share = place - (bin * One);
        bins[bin] += One - share;
        bins[bin + 1] += share;
    }
}

/// <summary>The size of the histograms.</summary>
/// <param name="bins">Bins of each.</param>
/// <param name="differenceRange">
/// Differences of at least half of this, in gray levels, count for the outer bins.
/// </param>
internal readonly struct HistogramScale(int bins, int differenceRange)
{
    public int Bins { get; } = bins;

    /// <summary>1/65536 bins for a gray level of blue above luma.</summary>
    public int Blue { get; } = Factor(564, bins, differenceRange);

    /// <summary>1/65536 bins for a gray level of red above luma.</summary>
    public int Red { get; } = Factor(713, bins, differenceRange);

    private static int Factor(int thousandths, int bins, int range) => thousandths * bins * 65536 / (1000 * range);
}

/// <summary>
/// Describes the colors of an object in 48 bytes, so that a tracker can tell two objects apart: the middle of the upper
/// and of the lower half of its body, each as <see cref="ColorHistograms"/> with 8 bins. At most 16 x 16 pixels of each
/// half count.
/// </summary>
internal static class AppearanceDescriptor
{
    /// <summary>Number of bytes.</summary>
    public const int Length = 2 * HalfLength;

    private const int Bins = 8;
    private const int HalfLength = ColorHistograms.Channels * Bins;
    private const int MaxSide = 16;

    /// <summary>Clothes are within 40 of gray in both differences, so that 8 bins of 10 divide what occurs.</summary>
    private static readonly HistogramScale Scale = new(Bins, 80);

    /// <summary>Describes a part of an image.</summary>
    /// <param name="image">The image.</param>
    /// <param name="left">Left edge of the object in pixels; parts outside the image count for nothing.</param>
    /// <param name="top">Its top edge.</param>
    /// <param name="width">Its width.</param>
    /// <param name="height">Its height.</param>
    public static byte[] Describe(RgbImage image, float left, float top, float width, float height)
    {
        var bytes = new byte[Length];
        Describe(image, left, top + (height * 0.15f), width, height * 0.35f, bytes.AsSpan(0, HalfLength));
        Describe(image, left, top + (height * 0.5f), width, height * 0.4f, bytes.AsSpan(HalfLength));
        return bytes;
    }

    private static void Describe(
        RgbImage image, float left, float top, float width, float height, Span<byte> bytes)
    {
        var (x, columns) = Range(left + (width * 0.2f), left + (width * 0.8f), image.Width);
        var (y, rows) = Range(top, top + height, image.Height);
        var (countX, countY) = (Math.Min(columns, MaxSide), Math.Min(rows, MaxSide));
        Span<int> sums = stackalloc int[HalfLength];
        for (var i = 0; i < countY; i++)
        {
            var row = image.Row(y + (((2 * i) + 1) * rows / (2 * countY)));
            for (var j = 0; j < countX; j++)
            {
                var column = x + (((2 * j) + 1) * columns / (2 * countX));
                var pixel = row.Slice(column * RgbImage.BytesPerPixel, RgbImage.BytesPerPixel);
                ColorHistograms.Add(pixel, ColorHistograms.Luma(pixel), Scale, sums);
            }
        }

        ColorHistograms.ToBytes(sums, countX * countY, bytes);
    }

    private static (int First, int Count) Range(float first, float end, int limit)
    {
        var (from, to) = ((int)Math.Clamp(first, 0, limit), (int)Math.Clamp(end, 0, limit));
        return (from, Math.Max(to - from, 0));
    }
}

/// <summary>Makes the <see cref="FrameSignature"/> of a frame from 64 x 48 of its pixels.</summary>
internal static class SignatureDescriptor
{
    /// <summary>Pixels along each side of a cell of the thumbnail.</summary>
    private const int CellSide = 4;

    private const int SampleColumns = FrameSignature.Columns * CellSide;
    private const int SampleRows = FrameSignature.Rows * CellSide;
    private static readonly HistogramScale Scale = new(FrameSignature.Bins, 128);

    /// <summary>The signature of an image.</summary>
    public static byte[] Describe(RgbImage image)
    {
        Span<int> lumas = stackalloc int[FrameSignature.Columns * FrameSignature.Rows];
        Span<int> sums = stackalloc int[ColorHistograms.Channels * FrameSignature.Bins];
        for (var i = 0; i < SampleRows; i++)
        {
            var row = image.Row((int)(((2L * i) + 1) * image.Height / (2 * SampleRows)));
            var cells = lumas.Slice(i / CellSide * FrameSignature.Columns, FrameSignature.Columns);
            for (var j = 0; j < SampleColumns; j++)
            {
                var column = (int)(((2L * j) + 1) * image.Width / (2 * SampleColumns));
                var pixel = row.Slice(column * RgbImage.BytesPerPixel, RgbImage.BytesPerPixel);
                var luma = ColorHistograms.Luma(pixel);
                cells[j / CellSide] += luma;
                ColorHistograms.Add(pixel, luma, Scale, sums);
            }
        }

        var bytes = new byte[FrameSignature.Length];
        for (var cell = 0; cell < lumas.Length; cell++)
        {
            bytes[cell] = (byte)(lumas[cell] / (256 * CellSide * CellSide));
        }

        ColorHistograms.ToBytes(sums, SampleRows * SampleColumns, bytes.AsSpan(lumas.Length));
        return bytes;
    }
}
