using ForegSyte.Accuracy.Objects;

namespace ForegSyte.Accuracy.Tracks;

/// <summary>
/// Describes the colours of an object in 48 bytes, so that a tracker can tell two objects apart: the middle of the
/// upper and of the lower half of its body, each as histograms of luma, blue and red difference (BT.601) with 8 bins.
/// A pixel counts for the two nearest bins, so that a little more light changes little.
/// </summary>
internal static class ColorDescriptor
{
    private const int Bins = 8;
    private const int Channels = 3;

    // Clothes are within 40 of grey in both differences, so that 8 bins of 10 divide what occurs.
    private const double DifferencesPerBin = 10;
    private const double LumaPerBin = 256d / Bins;

    /// <summary>Describes a part of an image.</summary>
    /// <param name="rgb">Rows of pixels, 3 bytes each.</param>
    /// <param name="width">Width of the image in pixels.</param>
    /// <param name="height">Height of the image in pixels.</param>
    /// <param name="box">Position of the object; parts outside the image count for nothing.</param>
    public static byte[] Describe(ReadOnlySpan<byte> rgb, int width, int height, PixelBox box)
    {
        Span<double> sums = stackalloc double[2 * Channels * Bins];
        Describe(rgb, width, height, box, 0.15, 0.5, sums[..(Channels * Bins)]);
        Describe(rgb, width, height, box, 0.5, 0.9, sums[(Channels * Bins)..]);
        var bytes = new byte[sums.Length];
        for (var bin = 0; bin < bytes.Length; bin++)
        {
            bytes[bin] = (byte)Math.Round(sums[bin]);
        }

        return bytes;
    }

    private static void Describe(
        ReadOnlySpan<byte> rgb, int width, int height, PixelBox box, double top, double bottom, Span<double> sums)
    {
        var (left, right) = (Clamp(box.X + (box.Width * 0.2), width), Clamp(box.X + (box.Width * 0.8), width));
        var (first, end) = (Clamp(box.Y + (box.Height * top), height), Clamp(box.Y + (box.Height * bottom), height));
        for (var y = first; y < end; y++)
        {
            for (var x = left; x < right; x++)
            {
                var pixel = rgb.Slice(((y * width) + x) * Channels, Channels);
                var luma = (0.299 * pixel[0]) + (0.587 * pixel[1]) + (0.114 * pixel[2]);
                Add(sums[..Bins], luma / LumaPerBin);
                Add(sums.Slice(Bins, Bins), (0.564 * (pixel[2] - luma) / DifferencesPerBin) + (Bins / 2));
                Add(sums[(2 * Bins)..], (0.713 * (pixel[0] - luma) / DifferencesPerBin) + (Bins / 2));
            }
        }

        var pixels = Math.Max((end - first) * (right - left), 1);
        foreach (ref var sum in sums)
        {
            sum *= 255d / pixels;
        }
    }

    private static int Clamp(double value, int limit) => (int)Math.Clamp(value, 0, limit);

    private static void Add(Span<double> bins, double value)
    {
        var place = Math.Clamp(value - 0.5, 0, Bins - 1);
        var bin = Math.Min((int)place, Bins - 2);
        bins[bin] += 1 - (place - bin);
        bins[bin + 1] += place - bin;
    }
}
