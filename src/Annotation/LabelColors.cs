using System.Globalization;

namespace ForegSyte.Annotation;

/// <summary>A color.</summary>
internal readonly record struct Rgb(byte Red, byte Green, byte Blue)
{
    /// <summary>Converts from hue in degrees, saturation and lightness in percent.</summary>
    public static Rgb FromHsl(double hue, double saturation, double lightness)
    {
        var (s, l) = (saturation / 100, lightness / 100);
        var reach = s * Math.Min(l, 1 - l);
        return new Rgb(Channel(0), Channel(8), Channel(4));

        byte Channel(int offset)
        {
            var k = (offset + (hue / 30)) % 12;
            return (byte)Math.Round(255 * (l - (reach * Math.Clamp(Math.Min(k - 3, 9 - k), -1, 1))));
        }
    }

    /// <summary>The color as the value of an ASS tag, for example "&amp;H0AD6FF&amp;".</summary>
    public string ToAss() => string.Create(CultureInfo.InvariantCulture, $"&H{Blue:X2}{Green:X2}{Red:X2}&");
}

/// <summary>A fixed color for each label, the same in every frame, run and machine.</summary>
internal static class LabelColors
{
    /// <summary>Color of text regions, a yellow that no label gets (see <see cref="HueOf(string)"/>).</summary>
    public static readonly Rgb Text = new(0xFF, 0xD6, 0x0A);

    /// <summary>Color of the mark of a damaged frame.</summary>
    public static readonly Rgb Damaged = new(0xFF, 0x00, 0x40);

    private const double TextHueDegrees = 50;
    private const double TextHueMarginDegrees = 20;
    /// <summary>Tracks with hues that an eye can tell apart; then the lightness changes.</summary>
    private const int HuesOfTracks = 13;

    private const double GoldenRatioConjugate = 0.618033988749895;

    public static Rgb Of(string label) => Rgb.FromHsl(HueOf(label), 95, LightnessOf(label));

    /// <summary>Color of a track: neighbouring ids have hues far apart.</summary>
    /// <param name="trackId">Id of the track, greater than 0.</param>
    public static Rgb OfTrack(int trackId) =>
        Rgb.FromHsl(HueOf((uint)trackId), 95, 46 + (trackId / HuesOfTracks % 3 * 12));

    /// <summary>Black or white, whichever is readable on a color (relative luminance of ITU-R BT.709).</summary>
    public static Rgb ReadableOn(Rgb background) =>
        (0.2126 * background.Red) + (0.7152 * background.Green) + (0.0722 * background.Blue) > 128
            ? new Rgb(0, 0, 0)
            : new Rgb(255, 255, 255);

    /// <summary>
    /// Hue in degrees: the FNV-1a hash of the label, spread by the golden ratio over the color wheel without the yellow
    /// of text. string.GetHashCode would differ between runs.
    /// </summary>
    internal static double HueOf(string label) => HueOf(HashOf(label));

    /// <summary>One of three lightness values in percent, so that labels with similar hues still differ.</summary>
    internal static double LightnessOf(string label) => 46 + ((HashOf(label) >> 7) % 3 * 12);

    private static double HueOf(uint number)
    {
        var turn = (number * GoldenRatioConjugate) % 1.0;
        var span = 360 - (2 * TextHueMarginDegrees);
        return (TextHueDegrees + TextHueMarginDegrees + (turn * span)) % 360;
    }

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
