using System.Globalization;
using ForegSyte.Hosting.Errors;
using ForegSyte.V1;

namespace ForegSyte.Inference.Video;

/// <summary>Makes the index of a video from a complete packet table, or says why there is none.</summary>
internal static class StreamDescription
{
    /// <summary>Checks the table against the limits and describes the video.</summary>
    /// <exception cref="ServiceException">
    /// NO_VIDEO_TRACK, NO_FRAMES, UNDECODABLE_VIDEO (unknown codec), VIDEO_LIMIT_EXCEEDED.
    /// </exception>
    public static VideoIndex ToIndex(PacketTable table, long sizeBytes, VideoOptions limits)
    {
        if (!table.HasStream)
        {
            throw VideoFailures.NoVideoTrack();
        }

        var codec = table.Stream.GetValueOrDefault("codec_name", "unknown");
        var timestamps = table.Timestamps();
        if (timestamps.Length == 0)
        {
            throw VideoFailures.NoFrames();
        }

        var width = Number(table, "width");
        var height = Number(table, "height");
        if (codec == "unknown"
            || width <= 0
            || height <= 0
            || TimeBase.Parse(Text(table, "time_base")) is not { } timeBase)
        {
            throw VideoFailures.Undecodable("its codec is not known.");
        }

        CheckSize(width, height, limits);
        var rotation = ClockwiseDegrees(Text(table, "rotation"));
        var isTurned = rotation is 90 or 270;
        var (isVariable, durationMs) = Timing(table, timestamps, timeBase);
        var info = new VideoInfo
        {
            Width = (int)(isTurned ? height : width),
            Height = (int)(isTurned ? width : height),
            FrameCount = timestamps.Length,
            FrameRate = MeanRate(timestamps, timeBase) ?? DeclaredRate(Text(table, "avg_frame_rate")),
            VariableFrameRate = isVariable,
            DurationMs = durationMs,
            Codec = codec,
            RotationDegrees = rotation,
            SizeBytes = sizeBytes,
        };
        return new VideoIndex(info, timeBase, timestamps, table.SeekPoints());
    }

    /// <summary>
    /// ffprobe tells the counter-clockwise turn of the display matrix; a turn that is no quarter of a circle leaves
    /// the frame's size as it is and counts as none.
    /// </summary>
    internal static int ClockwiseDegrees(string? rotation) =>
        double.TryParse(rotation, NumberStyles.Float, CultureInfo.InvariantCulture, out var degrees)
        && double.IsFinite(degrees)
        && Math.Round(degrees / 90) is var quarters
        && Math.Abs(degrees - (quarters * 90)) <= 1
            ? (int)((((-quarters) % 4) + 4) % 4) * 90
            : 0;

    private static void CheckSize(long width, long height, VideoOptions limits)
    {
        var frame = string.Create(CultureInfo.InvariantCulture, $"A frame of the video has {width} x {height} pixels.");
        if (Math.Max(width, height) > limits.MaxFrameSidePixels)
        {
            throw VideoFailures.LimitExceeded(
                nameof(limits.MaxFrameSidePixels), limits.MaxFrameSidePixels, "pixels a side", frame);
        }

        if (width * height > limits.MaxFramePixels)
        {
            throw VideoFailures.LimitExceeded(nameof(limits.MaxFramePixels), limits.MaxFramePixels, "pixels", frame);
        }
    }

    private static (bool IsVariable, int DurationMs) Timing(PacketTable table, long[] timestamps, TimeBase timeBase)
    {
        // A file can say anything: durations may be negative, and differences past what a long can count.
        var length = (Int128)timestamps[^1] - timestamps[0] + Math.Max(table.Last.Duration, 0);
        if (length > long.MaxValue || timeBase.ToMilliseconds((long)length) > int.MaxValue)
        {
            // frame_timestamp_ms is an int32: no option can lift this limit.
            throw new ServiceException(
                ErrorReason.VideoLimitExceeded,
                "The video is longer than 24 days, more than its timestamps can count.");
        }

        long shortest = long.MaxValue, longest = 0;
        for (var frame = 1; frame < timestamps.Length; frame++)
        {
            var gap = timestamps[frame] - timestamps[frame - 1];
            shortest = Math.Min(shortest, gap);
            longest = Math.Max(longest, gap);
        }

        return (timestamps.Length > 1 && longest - shortest > 1, (int)timeBase.ToMilliseconds((long)length));
    }

    private static double? MeanRate(long[] timestamps, TimeBase timeBase) =>
        timestamps.Length > 1
            ? (timestamps.Length - 1) / timeBase.ToSeconds(timestamps[^1] - timestamps[0])
            : null;

    private static double DeclaredRate(string? rate) =>
        TimeBase.Parse(rate) is var (numerator, denominator) ? (double)numerator / denominator : 0;

    private static string? Text(PacketTable table, string key) => table.Stream.GetValueOrDefault(key);

    private static long Number(PacketTable table, string key) =>
        long.TryParse(Text(table, key), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0;
}
