namespace ForegSyte.Inference.Vision;

/// <summary>
/// The input size of a detector that accepts any: the shape of the video, so that objects are not distorted.
/// </summary>
internal static class InputShape
{
    /// <summary>Detectors halve their input five times.</summary>
    public const int SideMultiple = 32;

    /// <summary>Maximum ratio of the sides; longer videos are compressed to it.</summary>
    public const double MaximumAspect = 4;

    /// <summary>
    /// Range of the area, as a share of the wanted one: about the same time, and room for a close shape.
    /// </summary>
    private const double LeastArea = 0.9;
    private const double MostArea = 1.15;

    /// <summary>
    /// The size in multiples of 32 with about the area of a width and a height whose shape is closest to that of a
    /// video. For 416x416: 512x384 for 4:3, 576x320 for 16:9, 320x576 for 9:16.
    /// </summary>
    /// <param name="width">Width of the wanted area.</param>
    /// <param name="height">Height of the wanted area.</param>
    /// <param name="videoWidth">Width of the video as it is shown.</param>
    /// <param name="videoHeight">Height of the video as it is shown.</param>
    public static (int Width, int Height) Of(int width, int height, int videoWidth, int videoHeight)
    {
        var area = (double)width * height;
        var aspect = Math.Clamp((double)videoWidth / videoHeight, 1 / MaximumAspect, MaximumAspect);
        var widest = (int)Math.Ceiling(Math.Sqrt(MostArea * area * MaximumAspect) / SideMultiple) + 1;
        return Enumerable.Range(1, widest)
            .Select(count => count * SideMultiple)
            .SelectMany(candidate => Heights(candidate, area).Select(other => (Width: candidate, Height: other)))
            .MinBy(size => (Excess(size.Width * size.Height / area),
                Math.Round(Math.Abs(Math.Log(size.Width / (size.Height * aspect))), 9),
                Math.Abs((size.Width * size.Height) - area), size.Width));
    }

    /// <summary>The heights that give a width about the area.</summary>
    private static IEnumerable<int> Heights(int width, double area)
    {
        var least = Math.Max(1, (int)(LeastArea * area / width / SideMultiple));
        var most = Math.Max(1, (int)Math.Ceiling(MostArea * area / width / SideMultiple));
        return Enumerable.Range(least, most - least + 1).Select(count => count * SideMultiple);
    }

    /// <summary>How far an area lies outside the range; 0 inside.</summary>
    private static double Excess(double share) =>
        share is >= LeastArea and <= MostArea ? 0 : Math.Abs(Math.Log(share));
}
