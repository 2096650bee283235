using ForegSyte.V1;

namespace ForegSyte.Media.Tests.Clips;

/// <summary>The box of a frame: where it is tells the index of the frame.</summary>
internal static class DrawnBox
{
    /// <summary>Number of places; a frame's box is at its index modulo this.</summary>
    public const int Places = 8;

    private const int Margin = 6;

    /// <summary>A channel of a drawn line differs from another by more; the pictures are grey there.</summary>
    private const int MinSaturation = 40;

    /// <summary>The box of a frame of a video of this size.</summary>
    public static BoundingBox Of(int index, int width, int height) => new()
    {
        X = (float)(Margin + (index % Places * Pitch(width))),
        Y = height * 0.45f,
        Width = (float)(Pitch(width) * 0.6),
        Height = height * 0.37f,
    };

    /// <summary>The place of the box in a frame of the copy; null if it has none, or more than one.</summary>
    public static int? PlaceOf(ReadOnlySpan<byte> rgb, int width, int height)
    {
        var marked = new List<int>();
        for (var x = 0; x < width; x++)
        {
            var (lines, top, bottom) = (0, (int)(height * 0.62), (int)(height * 0.78));
            for (var y = top; y < bottom; y++)
            {
                var at = ((y * width) + x) * 3;
                var high = Math.Max(rgb[at], Math.Max(rgb[at + 1], rgb[at + 2]));
                var low = Math.Min(rgb[at], Math.Min(rgb[at + 1], rgb[at + 2]));
                lines += high - low > MinSaturation ? 1 : 0;
            }

            if (lines * 2 > bottom - top)
            {
                marked.Add(x);
            }
        }

        var pitch = Pitch(width);
        if (marked.Count == 0 || marked[^1] - marked[0] > pitch)
        {
            return null;
        }

        var middle = (marked[0] + marked[^1]) / 2.0;
        return (int)Math.Round((middle - Margin - (pitch * 0.3)) / pitch);
    }

    private static double Pitch(int width) => (width - (2.0 * Margin)) / Places;
}
