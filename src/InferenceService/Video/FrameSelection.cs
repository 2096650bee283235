using System.Globalization;
using System.Text;

namespace ForegSyte.Inference.Video;

/// <summary>
/// The filters that let only wanted frames leave the decoder, by their timestamps. Counting frames instead would go
/// wrong at the first damaged one.
/// </summary>
internal static class FrameSelection
{
    /// <summary>
    /// Frames that an expression names at most: about 30 characters each, and Linux takes 128 KiB an argument. Past
    /// it all frames of the range come through the pipe and the reader leaves out those that are not wanted.
    /// </summary>
    public const int MaxNamedFrames = 2048;

    /// <summary>FFmpeg's filters, to be joined with commas.</summary>
    public static IEnumerable<string> Filters(VideoIndex index, DecodePlan plan)
    {
        // The end also tells the decoder that it can stop.
        yield return string.Create(
            CultureInfo.InvariantCulture,
            $"trim=start_pts={index.TicksOf(plan.FirstWanted)}:end_pts={index.TicksOf(plan.LastWanted) + 1}");
        if (plan.Stride > 1 && plan.WantedCount is > 1 and <= MaxNamedFrames)
        {
            var expression = new StringBuilder("select='");
            AppendSearch(expression, index, plan, 0, plan.WantedCount);
            yield return expression.Append('\'').ToString();
        }
    }

    /// <summary>A binary search written as an expression: FFmpeg walks it in log n steps for each frame.</summary>
    private static void AppendSearch(StringBuilder expression, VideoIndex index, DecodePlan plan, int from, int to)
    {
        if (to - from == 1)
        {
            expression.Append(CultureInfo.InvariantCulture, $"eq(pts,{Ticks(from)})");
            return;
        }

        var middle = (from + to) / 2;
        expression.Append(CultureInfo.InvariantCulture, $"if(lt(pts,{Ticks(middle)}),");
        AppendSearch(expression, index, plan, from, middle);
        expression.Append(',');
        AppendSearch(expression, index, plan, middle, to);
        expression.Append(')');

        long Ticks(int wanted) => index.TicksOf(plan.FirstWanted + (wanted * plan.Stride));
    }
}
