using System.Runtime.CompilerServices;
using ForegSyte.V1;

namespace ForegSyte.Exports.Tables;

/// <summary>A line of text in an analyzed frame.</summary>
internal readonly record struct TextRow(FrameResult Frame, TextRegion Region);

/// <summary>The lines of text in the analyzed frames: by frame, in reading order.</summary>
internal static class TextTable
{
    public static readonly IReadOnlyList<Column<TextRow>> Columns =
    [
        Column.Int<TextRow>("frame_index", row => row.Frame.FrameIndex),
        Column.Milliseconds<TextRow>("timestamp_ms", row => row.Frame.FrameTimestampMs),
        Column.OptionalInt<TextRow>("track_id", row => row.Region.TrackId > 0 ? row.Region.TrackId : null),
        Column.Text<TextRow>("text", row => row.Region.Text),
        Column.Float<TextRow>("confidence", row => row.Region.Confidence),
        .. Corners<TextRow>("", row => row.Region.Polygon),
        Column.OptionalInt<TextRow>(
            "detection_index", row => row.Region.HasDetectionIndex ? row.Region.DetectionIndex : null),
        Column.Flag<TextRow>("damaged", row => row.Frame.Damaged),
    ];

    /// <summary>The columns x1, y1 to x4, y4 of a polygon; a corner that it does not have is missing.</summary>
    public static IEnumerable<Column<TRow>> Corners<TRow>(string prefix, Func<TRow, IReadOnlyList<Point>> polygon)
    {
        const int corners = 4;
        for (var corner = 0; corner < corners; corner++)
        {
            var index = corner;
            yield return Column.OptionalFloat<TRow>(
                $"{prefix}x{index + 1}", row => polygon(row) is var points && index < points.Count
                    ? points[index].X
                    : null);
            yield return Column.OptionalFloat<TRow>(
                $"{prefix}y{index + 1}", row => polygon(row) is var points && index < points.Count
                    ? points[index].Y
                    : null);
        }
    }

    /// <summary>Reads all rows.</summary>
    public static async IAsyncEnumerable<TextRow> ReadAsync(
        IExportSource source, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var frame in source.ReadFramesAsync(cancellationToken))
        {
            foreach (var region in frame.Result?.TextRegions ?? [])
            {
                yield return new TextRow(frame, region);
            }
        }
    }
}
