using ForegSyte.Inference.Vision;

namespace ForegSyte.Inference.Stages;

/// <summary>Tells on which object a line of text is.</summary>
internal static class TextLinks
{
    /// <summary>
    /// The smallest detection whose box contains a point; of equal ones the first; null where none does.
    /// </summary>
    public static V1.Detection? SmallestAround(PixelPoint point, IEnumerable<V1.Detection> detections) =>
        detections
            .Where(detection => Contains(detection.Box, point))
            .MinBy(detection => detection.Box.Width * detection.Box.Height);

    private static bool Contains(V1.BoundingBox box, PixelPoint point) =>
        point.X >= box.X && point.X <= box.X + box.Width && point.Y >= box.Y && point.Y <= box.Y + box.Height;
}
