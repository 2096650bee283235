using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using ForegSyte.Exports.Tables;
using ForegSyte.Protocol.Tracking;
using ForegSyte.V1;

namespace ForegSyte.Exports.Formats;

/// <summary>
/// Lines of the MOT Challenge (Leal-Taixé et al. 2015, section 3.3): frame, id, left, top, width, height, confidence
/// and three coordinates that are -1 in two dimensions. Frames and pixels count from 1.
/// </summary>
/// <remarks>
/// Tracks have the confidence 1, because a ground truth has a flag there and evaluators ignore boxes with 0. They have
/// every frame, also those that a stride left out, because evaluators count a frame without a box as missed. Detections
/// have the id -1 and their score. Labels select whole tracks, because a detector can take an object for another class
/// in some frames.
/// </remarks>
internal static class MotFormat
{
    /// <summary>Writes the boxes of the tracks, or the detections.</summary>
    public static async Task WriteAsync(
        IExportSource source, LabelFilter filter, bool writesTracks, BufferedOutput output,
        CancellationToken cancellationToken)
    {
        var tracks = writesTracks && !filter.AllowsAll
            ? await TrackTable.ReadAsync(source, filter, cancellationToken)
                .Select(track => track.TrackId)
                .ToHashSetAsync(cancellationToken: cancellationToken)
            : null;
        var rowFilter = writesTracks ? LabelFilter.All : filter;
        var frames = source.ReadFramesAsync(cancellationToken);
        var rows = (writesTracks ? EveryFrameAsync(frames, cancellationToken) : frames)
            .SelectMany(frame => DetectionTable.RowsOf(frame, rowFilter));
        await foreach (var row in rows.WithCancellation(cancellationToken))
        {
            if (writesTracks
                ? row.TrackId is not { } id || tracks?.Contains(id) == false
                : row.IsInterpolated)
            {
                continue;
            }

            await output.WriteAsync(Encoding.ASCII.GetBytes(LineOf(row, writesTracks)), cancellationToken);
        }
    }

    /// <summary>The analyzed frames and, between them, those with boxes of tracks that both have.</summary>
    private static async IAsyncEnumerable<FrameResult> EveryFrameAsync(
        IAsyncEnumerable<FrameResult> analyzed, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        FrameResult? before = null;
        await foreach (var frame in analyzed.WithCancellation(cancellationToken))
        {
            foreach (var between in InterpolatedFrames.Between(before, frame, firstIndex: 0))
            {
                yield return between;
            }

            yield return frame;
            before = frame;
        }
    }

    private static string LineOf(DetectionRow row, bool isTrack)
    {
        var box = row.Box;
        var id = isTrack ? row.TrackId!.Value : -1;
        var confidence = isTrack ? 1 : row.Confidence ?? 0;
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{row.Frame.FrameIndex + 1L},{id},{box.X + 1.0:0.###},{box.Y + 1.0:0.###},{box.Width:0.###},"
            + $"{box.Height:0.###},{confidence:0.######},-1,-1,-1\n");
    }
}
