using System.Buffers;
using System.Globalization;

namespace ForegSyte.Protocol.Text;

/// <summary>
/// Sizes as people write them, in settings, arguments and messages: a number with a unit, for example "500MiB",
/// "1.5GiB" or "20GB". KiB, MiB, GiB and TiB are powers of 1024, kB, MB, GB and TB powers of 1000.
/// </summary>
public static class SizeText
{
    /// <summary>Says how to write a size.</summary>
    public const string Form = "a size such as 512KiB, 500MiB, 1.5GiB or 20GB";

    private static readonly SearchValues<char> Digits = SearchValues.Create("0123456789.");

    private static readonly (string Unit, long Bytes)[] Binary =
        [("B", 1), ("KiB", 1L << 10), ("MiB", 1L << 20), ("GiB", 1L << 30), ("TiB", 1L << 40)];

    private static readonly (string Unit, long Bytes)[] Units =
    [
        .. Binary, ("kB", 1_000), ("MB", 1_000_000), ("GB", 1_000_000_000), ("TB", 1_000_000_000_000),
    ];

    /// <summary>
    /// Parses a number with a unit, in any case. A number without a unit is not a size, except 0. A fraction of a byte
    /// is not one either.
    /// </summary>
    public static bool TryParse(string? text, out long bytes)
    {
        bytes = 0;
        var trimmed = (text ?? "").Trim();
        if (trimmed == "0")
        {
            return true;
        }

        var digits = trimmed.AsSpan().IndexOfAnyExcept(Digits);
        if (digits < 1)
        {
            return false;
        }

        var unit = Array.Find(
            Units, unit => trimmed.AsSpan(digits).Trim().Equals(unit.Unit, StringComparison.OrdinalIgnoreCase));
        if (unit.Bytes == 0
            || !decimal.TryParse(
                trimmed.AsSpan(0, digits), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var count)
            || count > long.MaxValue / unit.Bytes)
        {
            return false;
        }

        var size = count * unit.Bytes;
        bytes = (long)size;
        return bytes == size;
    }

    /// <summary>Formats a size exactly, with the greatest unit that needs no fraction, for example "64KiB".</summary>
    public static string Format(long bytes)
    {
        var (name, size) = bytes == 0 ? Binary[0] : Array.FindLast(Binary, unit => bytes % unit.Bytes == 0);
        return string.Create(CultureInfo.InvariantCulture, $"{bytes / size}{name}");
    }

    /// <summary>
    /// Formats a size for people, with three digits: "512B", "4.19MiB" or "60GiB". Truncated, not rounded: an
    /// incomplete transfer must not look complete.
    /// </summary>
    public static string Approximate(long bytes)
    {
        var (name, size) = Array.FindLast(Binary, unit => bytes >= unit.Bytes) is { Bytes: > 0 } found
            ? found
            : Binary[0];
        var value = bytes / (decimal)size;
        var scale = size == 1 || value >= 100 ? 1 : value >= 10 ? 10 : 100;
        return string.Create(CultureInfo.InvariantCulture, $"{Math.Floor(value * scale) / scale:0.##}{name}");
    }
}
