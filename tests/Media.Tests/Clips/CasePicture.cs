using ForegSyte.Media.Tests.Pictures;

namespace ForegSyte.Media.Tests.Clips;

/// <summary>
/// Reads the pictures of the committed cases: a bar code of 8 bits along the top, 24 pixels a bit, the least
/// significant one first, black for 1.
/// </summary>
internal static class CasePicture
{
    private const int Bits = 8;
    private const int HalfBitWidth = 12;
    private const int BarMiddle = 3;

    /// <summary>Makes the reader of pictures that players turn.</summary>
    public static PictureReader Reader(Orientation coded) => (rgb, width, height) =>
    {
        var (codedWidth, codedHeight) = coded.IsTurned ? (height, width) : (width, height);
        var halves = new int[2 * Bits];
        for (var half = 0; half < halves.Length; half++)
        {
            var (x, y) = coded.Shown(
                (half * HalfBitWidth) + (HalfBitWidth / 2), BarMiddle, codedWidth, codedHeight);
            halves[half] = rgb[((y * width) + x) * NumberedPicture.BytesPerPixel] < 128 ? 1 : 0;
        }

        // A frame of twice the size that is scaled down has bits of half the width. The two halves of a bit differ
        // there, because the numbers of those frames have different bits 4 and 5.
        var isHalved = Enumerable.Range(0, Bits).Any(bit => halves[2 * bit] != halves[(2 * bit) + 1]);
        return Enumerable.Range(0, Bits).Sum(bit => halves[isHalved ? bit : 2 * bit] << bit);
    };
}
