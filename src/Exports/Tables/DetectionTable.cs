using System.Runtime.CompilerServices;
using ForegSyte.V1;

namespace ForegSyte.Exports.Tables;

/// <summary>An object in an analyzed frame.</summary>
/// <param name="Frame">The frame.</param>
/// <param name="Detection">The object.</param>
/// <param name="IsInterpolated">
/// Whether it was not detected in this frame, but before and after it; it then has no confidence.
/// </param>
internal readonly record struct DetectionRow(FrameResult Frame, Detection Detection, bool IsInterpolated)
{
    /// <summary>The id of its track; null if it has none.</summary>
    public int? TrackId => Detection.TrackId > 0 ? Detection.TrackId : null;

    /// <summary>The score; null if it is interpolated.</summary>
    public float? Confidence => IsInterpolated ? null : Detection.Confidence;

    /// <summary>The box; empty if a message without one was stored.</summary>
    public BoundingBox Box => Detection.Box ?? Empty;

    private static readonly BoundingBox Empty = new();
}

/// <summary>The objects in the analyzed frames: by frame, the detected ones before the interpolated ones.</summary>
internal static class DetectionTable
{
    public static readonly IReadOnlyList<Column<DetectionRow>> Columns =
    [
        Column.Int<DetectionRow>("frame_index", row => row.Frame.FrameIndex),
        Column.Milliseconds<DetectionRow>("timestamp_ms", row => row.Frame.FrameTimestampMs),
        Column.OptionalInt<DetectionRow>("track_id", row => row.TrackId),
        Column.Text<DetectionRow>("label", row => row.Detection.Label),
        Column.Int<DetectionRow>("class_id", row => row.Detection.ClassId),
        Column.OptionalFloat<DetectionRow>("confidence", row => row.Confidence),
        Column.Float<DetectionRow>("x", row => row.Box.X),
        Column.Float<DetectionRow>("y", row => row.Box.Y),
        Column.Float<DetectionRow>("width", row => row.Box.Width),
        Column.Float<DetectionRow>("height", row => row.Box.Height),
        Column.Flag<DetectionRow>("interpolated", row => row.IsInterpolated),
        Column.Flag<DetectionRow>("damaged", row => row.Frame.Damaged),
    ];

    /// <summary>Reads the wanted rows.</summary>
    public static async IAsyncEnumerable<DetectionRow> ReadAsync(
        IExportSource source, LabelFilter filter, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var frame in source.ReadFramesAsync(cancellationToken))
        {
            foreach (var row in RowsOf(frame, filter))
            {
                yield return row;
            }
        }
    }

    /// <summary>The wanted rows of a frame.</summary>
    public static IEnumerable<DetectionRow> RowsOf(FrameResult frame, LabelFilter filter) => frame.Result is null
        ? []
        : frame.Result.Detections
            .Select(detection => new DetectionRow(frame, detection, IsInterpolated: false))
            .Concat(frame.Result.InterpolatedDetections
                .Select(detection => new DetectionRow(frame, detection, IsInterpolated: true)))
            .Where(row => filter.Allows(row.Detection.Label));
}
