using System.Runtime.CompilerServices;
using ForegSyte.V1;

namespace ForegSyte.Exports.Tables;

/// <summary>The objects over the video, by track_id.</summary>
internal static class TrackTable
{
    private static readonly TrackPoint Nowhere = new() { Box = new BoundingBox() };

    public static readonly IReadOnlyList<Column<ObjectTrack>> Columns =
    [
        Column.Int<ObjectTrack>("track_id", track => track.TrackId),
        Column.Text<ObjectTrack>("label", track => track.Label),
        Column.Int<ObjectTrack>("class_id", track => track.ClassId),
        Column.Float<ObjectTrack>("confidence", track => track.Confidence),
        Column.Int<ObjectTrack>("frames_seen", track => track.FramesSeen),
        .. Point("first", track => track.First),
        .. Point("last", track => track.Last),
        .. Point("best", track => track.Best),
    ];

    /// <summary>Reads the wanted rows.</summary>
    public static async IAsyncEnumerable<ObjectTrack> ReadAsync(
        IExportSource source, LabelFilter filter, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var track in source.ReadObjectTracksAsync(cancellationToken))
        {
            if (filter.Allows(track.Label))
            {
                yield return track;
            }
        }
    }

    private static IEnumerable<Column<ObjectTrack>> Point(string prefix, Func<ObjectTrack, TrackPoint?> point)
    {
        BoundingBox Box(ObjectTrack track) => point(track)?.Box ?? Nowhere.Box;

        yield return Column.Int<ObjectTrack>(
            $"{prefix}_frame_index", track => (point(track) ?? Nowhere).FrameIndex);
        yield return Column.Milliseconds<ObjectTrack>(
            $"{prefix}_timestamp_ms", track => (point(track) ?? Nowhere).FrameTimestampMs);
        yield return Column.Float<ObjectTrack>($"{prefix}_x", track => Box(track).X);
        yield return Column.Float<ObjectTrack>($"{prefix}_y", track => Box(track).Y);
        yield return Column.Float<ObjectTrack>($"{prefix}_width", track => Box(track).Width);
        yield return Column.Float<ObjectTrack>($"{prefix}_height", track => Box(track).Height);
    }
}

/// <summary>The texts over the video, by track_id.</summary>
internal static class TextTrackTable
{
    private static readonly TextPoint Nowhere = new();

    public static readonly IReadOnlyList<Column<TextTrack>> Columns =
    [
        Column.Int<TextTrack>("track_id", track => track.TrackId),
        Column.Text<TextTrack>("text", track => track.Text),
        Column.Float<TextTrack>("confidence", track => track.Confidence),
        Column.Int<TextTrack>("frames_seen", track => track.FramesSeen),
        Column.OptionalInt<TextTrack>(
            "object_track_id", track => track.ObjectTrackId > 0 ? track.ObjectTrackId : null),
        .. Point("first", track => track.First),
        .. Point("last", track => track.Last),
        .. Point("best", track => track.Best),
    ];

    private static IEnumerable<Column<TextTrack>> Point(string prefix, Func<TextTrack, TextPoint?> point) =>
    [
        Column.Int<TextTrack>($"{prefix}_frame_index", track => (point(track) ?? Nowhere).FrameIndex),
        Column.Milliseconds<TextTrack>(
            $"{prefix}_timestamp_ms", track => (point(track) ?? Nowhere).FrameTimestampMs),
        .. TextTable.Corners<TextTrack>($"{prefix}_", track => (point(track) ?? Nowhere).Polygon),
    ];
}
