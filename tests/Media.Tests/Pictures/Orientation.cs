namespace ForegSyte.Media.Tests.Pictures;

/// <summary>How a player shows a coded picture: mirrored left to right if asked for, then rotated clockwise.</summary>
/// <param name="Degrees">0, 90, 180 or 270.</param>
/// <param name="Mirrored">Whether it is mirrored before the rotation.</param>
internal readonly record struct Orientation(int Degrees, bool Mirrored = false)
{
    /// <summary>Whether width and height change places.</summary>
    public bool IsTurned => Degrees is 90 or 270;

    /// <summary>FFmpeg's filters that turn a coded picture.</summary>
    public string Filters
    {
        get
        {
            var turn = Degrees switch
            {
                90 => "transpose=clock",
                180 => "hflip,vflip",
                270 => "transpose=cclock",
                _ => "null",
            };
            return Mirrored ? $"hflip,{turn}" : turn;
        }
    }

    /// <summary>The place of a coded pixel in the shown picture.</summary>
    /// <param name="x">Column of the coded picture.</param>
    /// <param name="y">Row of the coded picture.</param>
    /// <param name="width">Width of the coded picture.</param>
    /// <param name="height">Height of the coded picture.</param>
    public (int X, int Y) Shown(int x, int y, int width, int height)
    {
        var column = Mirrored ? width - 1 - x : x;
        return Degrees switch
        {
            90 => (height - 1 - y, column),
            180 => (width - 1 - column, height - 1 - y),
            270 => (y, width - 1 - column),
            _ => (column, y),
        };
    }

    /// <summary>
    /// The matrix of a track header for a coded picture of this size: a, b, u, c, d, v, x, y, w in fixed point
    /// (ISO/IEC 14496-12, 8.3.2), where x' = a x + c y + tx and y' = b x + d y + ty.
    /// </summary>
    public int[] Matrix(int width, int height)
    {
        var (a, b, c, d) = Degrees switch
        {
            90 => (0, 1, -1, 0),
            180 => (-1, 0, 0, -1),
            270 => (0, -1, 1, 0),
            _ => (1, 0, 0, 1),
        };
        (a, b) = Mirrored ? (-a, -b) : (a, b);
        var left = Math.Min(0, a * width) + Math.Min(0, c * height);
        var top = Math.Min(0, b * width) + Math.Min(0, d * height);
        return [a << 16, b << 16, 0, c << 16, d << 16, 0, -left << 16, -top << 16, 1 << 30];
    }
}
