using System.Globalization;
using System.Text;

namespace ForegSyte.Video;

/// <summary>
/// Filters that let only the wanted frames leave the decoder. They select by timestamp, because a damaged frame would
/// shift a count.
/// </summary>
internal static class FrameSelection
{
    /// <summary>
    /// Maximum number of frames that an expression names: a name takes about 30 characters, and Linux allows 128 KiB an
    /// argument. Above it all frames of the range go through the pipe, and the reader drops the unwanted ones.
    /// </summary>
    public const int MaxNamedFrames = 2048;

    /// <summary>
    /// FFmpeg's filters, to be joined with commas. None if FFmpeg may replace timestamps: then all frames from the
    /// start of the decoder go through the pipe, and the reader drops the unwanted ones.
    /// </summary>
    public static IEnumerable<string> Filters(VideoIndex index, FrameSeries frames)
    {
        if (!index.HasReliableTimestamps)
        {
            yield break;
        }

        // end_pts also lets the decoder stop.
        yield return string.Create(
            CultureInfo.InvariantCulture,
            $"trim=start_pts={index.TicksOf(frames.First)}:end_pts={index.TicksOf(frames.Last) + 1}");
        if (frames.Stride > 1 && frames.Count is > 1 and <= MaxNamedFrames)
        {
            var expression = new StringBuilder("select='");
            AppendSearch(expression, index, frames, 0, frames.Count);
            yield return expression.Append('\'').ToString();
        }
    }

    /// <summary>Writes a binary search as an expression, which FFmpeg evaluates in log n steps a frame.</summary>
    private static void AppendSearch(StringBuilder expression, VideoIndex index, FrameSeries frames, int from, int to)
    {
        if (to - from == 1)
        {
            expression.Append(CultureInfo.InvariantCulture, $"eq(pts,{Ticks(from)})");
            return;
        }

        var middle = (from + to) / 2;
        expression.Append(CultureInfo.InvariantCulture, $"if(lt(pts,{Ticks(middle)}),");
        AppendSearch(expression, index, frames, from, middle);
        expression.Append(',');
        AppendSearch(expression, index, frames, middle, to);
        expression.Append(')');

        long Ticks(int wanted) => index.TicksOf(frames.First + (wanted * frames.Stride));
    }
}

/// <summary>Every <paramref name="Stride"/>-th frame of a video.</summary>
/// <param name="First">Index of the first frame.</param>
/// <param name="Stride">Distance between two frames, 1 or more.</param>
/// <param name="Count">Number of frames, 1 or more.</param>
internal readonly record struct FrameSeries(int First, int Stride, int Count)
{
    /// <summary>Index of the last frame.</summary>
    public int Last => First + ((Count - 1) * Stride);
}
