using System.Globalization;

namespace ForegSyte.Protocol.Mp4;

/// <summary>
/// The rule against sample tables that point many times at the same bytes: a file of a few KB could list millions of
/// frames. A file with some frames listed twice is legitimate.
/// </summary>
internal static class SampleUses
{
    /// <summary>Maximum size of the frames of all video tracks together, in sizes of the file.</summary>
    public const int MaxPerByte = 2;

    /// <summary>Maximum size of the frames of all video tracks; a frame without bytes counts as one byte.</summary>
    /// <param name="fileBytes">Size of the file.</param>
    public static long MaxBytes(long fileBytes) =>
        fileBytes > long.MaxValue / MaxPerByte ? long.MaxValue : fileBytes * MaxPerByte;

    /// <summary>The size that a frame counts with.</summary>
    public static long Counted(long frameBytes) => Math.Max(1, frameBytes);

    /// <summary>What is wrong with a file that exceeds the maximum, without full stop.</summary>
    public static string Problem(long fileBytes) => string.Create(
        CultureInfo.InvariantCulture,
        $"its frames together have more than {MaxPerByte} times the {fileBytes} bytes of the file, so it lists the "
        + $"same bytes many times");
}
