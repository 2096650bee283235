using SkiaSharp;

namespace ForegSyte.CommandLine.Annotation;

/// <summary>A fixed color for each label, the same in every frame, run and machine.</summary>
internal static class LabelColors
{
    /// <summary>Color of text regions, a yellow that no label gets (see <see cref="HueOf"/>).</summary>
    public static readonly SKColor Text = new(0xFF, 0xD6, 0x0A);

    private const float TextHueDegrees = 50;
    private const float TextHueMarginDegrees = 20;
    private const double GoldenRatioConjugate = 0.618033988749895;

    public static SKColor Of(string label) => SKColor.FromHsl(HueOf(label), 95, LightnessOf(label));

    /// <summary>Black or white, whichever is readable on a color (relative luminance of ITU-R BT.709).</summary>
    public static SKColor ReadableOn(SKColor background) =>
        (0.2126 * background.Red) + (0.7152 * background.Green) + (0.0722 * background.Blue) > 128
            ? SKColors.Black
            : SKColors.White;

    /// <summary>
    /// Hue in degrees: the FNV-1a hash of the label, spread by the golden ratio over the color wheel without the yellow
    /// of text. string.GetHashCode would differ between runs.
    /// </summary>
    internal static float HueOf(string label)
    {
        var turn = (HashOf(label) * GoldenRatioConjugate) % 1.0;
        var span = 360 - (2 * TextHueMarginDegrees);
        return (TextHueDegrees + TextHueMarginDegrees + (float)(turn * span)) % 360;
    }

    /// <summary>One of three lightness values in percent, so that labels with similar hues still differ.</summary>
    internal static float LightnessOf(string label) => 46 + ((HashOf(label) >> 7) % 3 * 12);

    private static uint HashOf(string label)
    {
        var hash = 2166136261u;
        foreach (var character in label)
        {
            hash = (hash ^ character) * 16777619u;
        }

        return hash;
    }
}
