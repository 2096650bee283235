namespace ForegSyte.Media.Tests.Pictures;

/// <summary>
/// Pictures that show their number: as a bar code along the top, as digits below it, and, if they are too small for
/// both, as the grey of all their pixels. The ground moves, so that codecs refer to earlier pictures, and two patches
/// of known colours at the bottom show the left and right corner.
/// </summary>
internal static class NumberedPicture
{
    public const int BytesPerPixel = 3;

    /// <summary>Numbers of the pictures go from 0 to this, exclusive.</summary>
    public const int Numbers = 1 << NumberBits;

    /// <summary>Number of greys of a small picture; it shows its number modulo this.</summary>
    public const int Greys = 8;

    /// <summary>Colour of the patch in the bottom left corner.</summary>
    public static readonly (byte Red, byte Green, byte Blue) LeftPatch = (200, 40, 40);

    /// <summary>Colour of the patch in the bottom right corner.</summary>
    public static readonly (byte Red, byte Green, byte Blue) RightPatch = (40, 40, 200);

    private const int NumberBits = 10;

    // Two marks on the left, the bits, their parity, two marks on the right. Mirrored, the marks read 0 1 and not 1 0.
    private const int Cells = 2 + NumberBits + 1 + 2;
    private const double MinContrast = 80;
    private const int MinBarWidth = 120;
    private const int MinBarHeight = 32;
    private const int DarkestGrey = 24;
    private const int GreyStep = 26;

    /// <summary>Digits of 5 x 7 points, a byte a row.</summary>
    private static readonly byte[][] Digits =
    [
        [14, 17, 19, 21, 25, 17, 14], [4, 12, 4, 4, 4, 4, 14], [14, 17, 1, 2, 4, 8, 31], [31, 2, 4, 2, 1, 17, 14],
        [2, 6, 10, 18, 31, 2, 2], [31, 16, 30, 1, 1, 17, 14], [6, 8, 16, 30, 17, 17, 14], [31, 1, 2, 4, 8, 8, 8],
        [14, 17, 17, 14, 17, 17, 14], [14, 17, 17, 15, 1, 2, 12],
    ];

    /// <summary>Whether pictures of this size have a bar code instead of one grey.</summary>
    public static bool HasBars(int width, int height) => width >= MinBarWidth && height >= MinBarHeight;

    /// <summary>What <see cref="Read"/> finds in a picture of this size with this number.</summary>
    public static int Shown(int number, int width, int height) => HasBars(width, height) ? number : number % Greys;

    /// <summary>Height of the bar code.</summary>
    public static int BarHeight(int height) => Math.Max(8, height / 8);

    /// <summary>Paints a picture as packed RGB.</summary>
    /// <param name="number">Its number.</param>
    /// <param name="width">Width as it is shown.</param>
    /// <param name="height">Height as it is shown.</param>
    /// <param name="coded">How players turn the coded picture; the picture is painted as it is coded.</param>
    /// <param name="white">Value of white; less for pictures whose transfer curve has highlights above it.</param>
    public static byte[] Paint(int number, int width, int height, Orientation coded, int white = 255)
    {
        var (codedWidth, codedHeight) = coded.IsTurned ? (height, width) : (width, height);
        var pixels = new byte[codedWidth * codedHeight * BytesPerPixel];
        for (var y = 0; y < codedHeight; y++)
        {
            for (var x = 0; x < codedWidth; x++)
            {
                var (shownX, shownY) = coded.Shown(x, y, codedWidth, codedHeight);
                var (red, green, blue) = PixelAt(number, shownX, shownY, width, height);
                var at = ((y * codedWidth) + x) * BytesPerPixel;
                pixels[at] = (byte)(red * white / 255);
                pixels[at + 1] = (byte)(green * white / 255);
                pixels[at + 2] = (byte)(blue * white / 255);
            }
        }

        return pixels;
    }

    /// <summary>Reads the number of a shown picture; null if it shows none.</summary>
    public static int? Read(ReadOnlySpan<byte> rgb, int width, int height)
    {
        if (!HasBars(width, height))
        {
            var grey = Mean(rgb, width, 0, 0, width, height);
            return (int)Math.Round(Math.Clamp((grey - DarkestGrey) / GreyStep, 0, Greys - 1));
        }

        var greys = new double[Cells];
        for (var cell = 0; cell < Cells; cell++)
        {
            var middle = ((cell * width) + (width / 2)) / Cells;
            greys[cell] = Mean(rgb, width, middle - 1, (BarHeight(height) / 2) - 1, 3, 3);
        }

        // White is not 255 in pictures whose transfer curve has highlights above it.
        var (black, white) = (greys.Min(), greys.Max());
        if (white - black < MinContrast || greys.Any(grey => IsBetween((grey - black) / (white - black))))
        {
            return null;
        }

        var bits = greys.Select(grey => grey - black < (white - black) / 2 ? 1 : 0).ToArray();
        var number = Enumerable.Range(0, NumberBits).Sum(bit => bits[2 + bit] << bit);
        return bits.SequenceEqual(CellsOf(number)) ? number : null;
    }

    /// <summary>Mean colour of the patch in the bottom left or right corner.</summary>
    public static (double Red, double Green, double Blue) Patch(
        ReadOnlySpan<byte> rgb, int width, int height, bool left)
    {
        var size = Math.Max(1, height / 16);
        var x = left ? size / 2 : width - size - (size / 2);
        var y = height - size - (size / 4);
        return (
            Mean(rgb, width, x, y, size, size, 0), Mean(rgb, width, x, y, size, size, 1),
            Mean(rgb, width, x, y, size, size, 2));
    }

    private static bool IsBetween(double share) => share is > 0.35 and < 0.65;

    private static double Mean(
        ReadOnlySpan<byte> rgb, int width, int left, int top, int columns, int rows, int? channel = null)
    {
        var sum = 0L;
        for (var y = top; y < top + rows; y++)
        {
            for (var x = left; x < left + columns; x++)
            {
                var at = ((y * width) + x) * BytesPerPixel;
                sum += channel is { } one ? rgb[at + one] : (rgb[at] + rgb[at + 1] + rgb[at + 2]) / 3;
            }
        }

        return (double)sum / (columns * rows);
    }

    private static int[] CellsOf(int number)
    {
        var bits = Enumerable.Range(0, NumberBits).Select(bit => (number >> bit) & 1).ToArray();
        return [1, 0, .. bits, bits.Sum() % 2, 1, 0];
    }

    private static (int Red, int Green, int Blue) PixelAt(int number, int x, int y, int width, int height)
    {
        if (!HasBars(width, height))
        {
            var grey = DarkestGrey + (number % Greys * GreyStep);
            return (grey, grey, grey);
        }

        if (y < BarHeight(height))
        {
            var ink = CellsOf(number)[x * Cells / width] == 1 ? 0 : 255;
            return (ink, ink, ink);
        }

        if (y >= height - (height / 8))
        {
            if (x < height / 6)
            {
                return LeftPatch;
            }

            if (x >= width - (height / 6))
            {
                return RightPatch;
            }
        }

        if (IsDigit(number, x, y - BarHeight(height) - 4, Math.Max(1, height / 56)))
        {
            return (0, 0, 0);
        }

        var ground = 110 + (((x + (y / 2) + (3 * number)) & 127) / 2);
        return (ground, ground, ground);
    }

    private static bool IsDigit(int number, int x, int y, int scale)
    {
        var (column, row) = ((x - 8) / scale, y / scale);
        var text = FormattableString.Invariant($"{number}");
        return x >= 8 && y >= 0 && row < 7 && column / 6 < text.Length && column % 6 < 5
            && ((Digits[text[column / 6] - '0'][row] >> (4 - (column % 6))) & 1) == 1;
    }
}
