using System.Globalization;

namespace ForegSyte.CommandLine.Running;

/// <summary>Sizes as people read them.</summary>
internal static class ByteText
{
    private const double Step = 1000;

    private static readonly string[] Units = ["B", "kB", "MB", "GB", "TB"];

    /// <summary>For example "512 B", "4.19 MB" or "60 GB": powers of 1000, three digits.</summary>
    public static string Format(long bytes)
    {
        var (value, unit) = ((double)bytes, 0);
        while (value >= Step && unit < Units.Length - 1)
        {
            (value, unit) = (value / Step, unit + 1);
        }

        // Cut and not rounded: what is not all there must not read as if it were.
        var digits = unit == 0 || value >= 100 ? 0 : value >= 10 ? 1 : 2;
        var scale = Math.Pow(10, digits);
        return string.Create(CultureInfo.InvariantCulture, $"{Math.Floor(value * scale) / scale:0.##} {Units[unit]}");
    }
}
