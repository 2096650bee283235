using System.Globalization;

namespace ForegSyte.Video;

/// <summary>How decoded frames must be turned to be upright: first mirrored, then rotated.</summary>
/// <param name="ClockwiseDegrees">0, 90, 180 or 270.</param>
/// <param name="IsMirrored">Whether left and right are exchanged before the rotation.</param>
internal readonly record struct Orientation(int ClockwiseDegrees, bool IsMirrored)
{
    /// <summary>Deviation from a quarter turn up to which a rotation counts as one.</summary>
    private const double ToleranceDegrees = 1;

    /// <summary>Whether width and height are exchanged.</summary>
    public bool IsTurned => ClockwiseDegrees is 90 or 270;

    /// <summary>FFmpeg's filters that turn a frame upright.</summary>
    public IEnumerable<string> Filters => (ClockwiseDegrees, IsMirrored) switch
    {
        (90, false) => ["transpose=clock"],
        (90, true) => ["transpose=clock_flip"],
        (180, false) => ["hflip", "vflip"],
        (180, true) => ["vflip"],
        (270, false) => ["transpose=cclock"],
        (270, true) => ["transpose=cclock_flip"],
        (_, true) => ["hflip"],
        _ => [],
    };

    /// <summary>
    /// Reads ffprobe's form of a display matrix (ISO/IEC 14496-12, 8.3.2), three rows of hexadecimal offset and
    /// numbers: <c>\n00000000:            0       65536           0\n…</c>. A rotation by other than quarters keeps
    /// the size of the frame and counts as none.
    /// </summary>
    public static Orientation Of(ReadOnlySpan<char> matrix)
    {
        // x' = a x + c y; y' = b x + d y.
        Span<long> cells = stackalloc long[9];
        if (!TryReadCells(matrix, cells))
        {
            return default;
        }

        var (a, b, c, d) = ((double)cells[0], (double)cells[1], (double)cells[3], (double)cells[4]);
        var isMirrored = (a * d) - (b * c) < 0;
        var (x, y) = isMirrored ? (-a, -b) : (a, b);
        var degrees = Math.Atan2(y, x) * 180 / Math.PI;
        var quarters = (int)Math.Round(degrees / 90);
        return (a, b) is (0, 0) || Math.Abs(degrees - (quarters * 90)) > ToleranceDegrees
            ? default
            : new Orientation((quarters + 4) % 4 * 90, isMirrored);
    }

    private static bool TryReadCells(ReadOnlySpan<char> matrix, Span<long> cells)
    {
        var count = 0;
        foreach (var range in matrix.SplitAny(' ', '\\', '\n'))
        {
            var word = matrix[range].TrimStart('n');
            if (!word.IsEmpty && !word.EndsWith(":"))
            {
                if (count == cells.Length
                    || !long.TryParse(
                        word, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out cells[count++]))
                {
                    return false;
                }
            }
        }

        return count == cells.Length;
    }
}
