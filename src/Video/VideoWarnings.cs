using System.Globalization;
using ForegSyte.V1;

namespace ForegSyte.Video;

/// <summary>What is wrong with a video although its frames can be read.</summary>
internal static class VideoWarnings
{
    /// <summary>The warnings about a video.</summary>
    /// <param name="timestamps">Timestamps of the frames, ascending.</param>
    /// <param name="trailingBytes">Bytes after the last box of the file.</param>
    public static IEnumerable<Warning> Of(long[] timestamps, long trailingBytes)
    {
        var lost = 0;
        for (var frame = 1; frame < timestamps.Length; frame++)
        {
            lost += timestamps[frame] == timestamps[frame - 1] ? 1 : 0;
        }

        if (lost > 0)
        {
            yield return new Warning
            {
                Reason = WarningReason.TimestampsLost,
                Count = lost,
                Message = string.Create(
                    CultureInfo.InvariantCulture,
                    $"Frames without a timestamp of their own: {lost}. Players do not show them; they are analyzed ")
                    + "with the timestamp of the frame before. Export the video again if their times matter.",
            };
        }

        if (trailingBytes > 0)
        {
            yield return new Warning
            {
                Reason = WarningReason.TrailingBytes,
                Count = trailingBytes,
                Message = string.Create(
                    CultureInfo.InvariantCulture,
                    $"Bytes after the last box of the file: {trailingBytes}. They are ignored. Check that the file ")
                    + "was copied completely and that nothing was appended to it.",
            };
        }
    }
}
