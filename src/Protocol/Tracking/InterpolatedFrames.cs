using ForegSyte.V1;

namespace ForegSyte.Protocol.Tracking;

/// <summary>Makes the frames between two analyzed ones, for GetJobResults with every_frame. Pure.</summary>
internal static class InterpolatedFrames
{
    /// <summary>
    /// The frames between two analyzed ones that have boxes: of each track that both have, on the straight way between
    /// them, by track. Their timestamps are evenly spread.
    /// </summary>
    /// <param name="before">The earlier frame with its tracks; null for no frames.</param>
    /// <param name="after">The next analyzed frame.</param>
    /// <param name="firstIndex">Minimum index.</param>
    public static IEnumerable<FrameResult> Between(FrameResult? before, FrameResult after, int firstIndex)
    {
        if (before is null || after.FrameIndex - before.FrameIndex < 2)
        {
            yield break;
        }

        var later = BoxesOf(after);
        List<(Detection From, Detection To)> common =
        [
            .. BoxesOf(before).Where(track => later.ContainsKey(track.Key))
                .Select(track => (track.Value, later[track.Key])),
        ];
        if (common.Count == 0)
        {
            yield break;
        }

        var length = after.FrameIndex - before.FrameIndex;
        for (var index = Math.Max(before.FrameIndex + 1, firstIndex); index < after.FrameIndex; index++)
        {
            var share = (double)(index - before.FrameIndex) / length;
            yield return new FrameResult
            {
                FrameIndex = index,
                FrameTimestampMs = (uint)Math.Round(
                    Toward(before.FrameTimestampMs, after.FrameTimestampMs, share)),
                Result = new PipelineResult
                {
                    InterpolatedDetections = { common.Select(track => Toward(track.From, track.To, share)) },
                },
            };
        }
    }

    private static SortedDictionary<int, Detection> BoxesOf(FrameResult frame)
    {
        var boxes = new SortedDictionary<int, Detection>();
        foreach (var box in (frame.Result?.Detections ?? []).Concat(frame.Result?.InterpolatedDetections ?? []))
        {
            if (box is { TrackId: > 0, Box: not null })
            {
                boxes.TryAdd(box.TrackId, box);
            }
        }

        return boxes;
    }

    private static Detection Toward(Detection from, Detection to, double share) => new()
    {
        TrackId = from.TrackId,
        ClassId = from.ClassId,
        Label = from.Label,
        Box = new BoundingBox
        {
            X = (float)Toward(from.Box.X, to.Box.X, share),
            Y = (float)Toward(from.Box.Y, to.Box.Y, share),
            Width = (float)Toward(from.Box.Width, to.Box.Width, share),
            Height = (float)Toward(from.Box.Height, to.Box.Height, share),
        },
    };

    private static double Toward(double from, double to, double share) => from + (share * (to - from));
}
