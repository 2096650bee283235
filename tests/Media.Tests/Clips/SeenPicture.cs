using ForegSyte.Media.Tests.Pictures;

namespace ForegSyte.Media.Tests.Clips;

/// <summary>What a test keeps of a picture.</summary>
/// <param name="Number">Number that it shows; null if it shows none.</param>
/// <param name="Small">A small version of it; null if only its number is known.</param>
/// <param name="LeftPatch">Mean colour of the patch in the bottom left corner.</param>
/// <param name="RightPatch">Mean colour of the patch in the bottom right corner.</param>
/// <param name="White">Its brightest value.</param>
/// <param name="Place">Place of the box that the command line has drawn; null if there is none, or several.</param>
internal sealed record SeenPicture(
    int? Number,
    Thumbnail? Small,
    (double Red, double Green, double Blue) LeftPatch,
    (double Red, double Green, double Blue) RightPatch,
    int White,
    int? Place)
{
    /// <summary>A picture of which a test knows only the number.</summary>
    public static SeenPicture Painted(int number) => new(number, null, default, default, 0, null);

    /// <summary>Whether both are the same picture.</summary>
    public bool IsSameAs(SeenPicture other) =>
        Small is { } small && other.Small is { } otherSmall && small.IsSameAs(otherSmall);

    /// <summary>Whether a viewer sees that the pictures differ.</summary>
    public bool IsOtherThan(SeenPicture other) =>
        Small is { } small && other.Small is { } otherSmall && small.IsOtherThan(otherSmall);

    public static SeenPicture Of(ReadOnlySpan<byte> rgb, int width, int height, MediaClip clip) => new(
        clip.NumberOf(rgb, width, height),
        Thumbnail.Of(rgb, width, height),
        NumberedPicture.Patch(rgb, width, height, left: true),
        NumberedPicture.Patch(rgb, width, height, left: false),
        WhiteOf(rgb),
        DrawnBox.PlaceOf(rgb, width, height));

    /// <summary>The green that a hundredth of the pixels exceeds: noise does not count.</summary>
    private static int WhiteOf(ReadOnlySpan<byte> rgb)
    {
        Span<int> counts = stackalloc int[256];
        for (var at = 1; at < rgb.Length; at += NumberedPicture.BytesPerPixel)
        {
            counts[rgb[at]]++;
        }

        var (value, above) = (255, counts[255]);
        while (above * 100 < rgb.Length / NumberedPicture.BytesPerPixel)
        {
            above += counts[--value];
        }

        return value;
    }
}
