using ForegSyte.Inference.Video;
using ForegSyte.Inference.Vision;
using ForegSyte.V1;

namespace ForegSyte.Inference.Stages;

/// <summary>
/// Reads the text of the whole frame: detects lines, recognizes them at native resolution, recognizes doubtful ones
/// upside down too if the pipeline has a direction model, leaves out what is no text that the model can read, and links
/// each line to the upstream detection around it.
/// </summary>
/// <param name="detector">Detects the lines.</param>
/// <param name="direction">Finds upside-down lines; null if the pipeline has no direction model.</param>
/// <param name="recognizer">Recognizes the lines.</param>
/// <param name="confidence">Lines below this are dropped, 0 to 1.</param>
/// <param name="changeThreshold">See <see cref="IStage.ChangeThreshold"/>.</param>
internal sealed class ReadTextStage(
    TextDetector detector, TextDirectionClassifier? direction, TextRecognizer recognizer, float confidence,
    int changeThreshold) : IStage
{
    /// <summary>A line at least this many times taller than wide is read top to bottom (PaddleOCR).</summary>
    public const float VerticalAspect = 1.5f;

    /// <summary>A line below this certainty may be upside down.</summary>
    public const float DoubtfulCertainty = 0.97f;

    private const float TurnedCertainty = 0.8f;
    private const float TurnedGain = 0.05f;

    /// <summary>The native size: small text needs every pixel.</summary>
    public DecodeSize DecodeSize => DecodeSize.Native;

    public int ChangeThreshold => changeThreshold;

    public async ValueTask<StageOutput> ProcessAsync(StageInput input, CancellationToken cancellationToken)
    {
        var frame = input.Frame;
        var filter = input.Filter ?? FrameFilter.All;
        var boxes = await detector.FindAsync(frame, cancellationToken);
        boxes.RemoveAll(box => !filter.HasPoint(box.Quad.Center.X / frame.Width, box.Quad.Center.Y / frame.Height));
        Quad[] quads = [.. boxes.Select(box => Upright(box.Quad))];
        var read = await recognizer.RecognizeAsync(frame, quads, cancellationToken);
        await TurnUpsideDownLinesAsync(frame, read, cancellationToken);
        var kinds = LineKinds.Of(read, [.. boxes.Select(box => box.Confidence)], confidence);
        RecognizedLine[] lines = [.. read.Where((line, index) =>
            kinds[index] == LineKind.Text && line.Reading.Confidence >= filter.MinConfidence)];
        var order = ReadingOrder.Of([.. lines.Select(line => line.Quad)]);
        var detections = input.Upstream.SelectMany(output => output.Detections).ToList();
        return StageOutput.Of([.. order.Select(index => ToFinding(lines[index], frame, detections))]) with
        {
            UnsupportedLines = kinds.Count(kind => kind == LineKind.UnsupportedScript),
        };
    }

    /// <summary>The same lines, linked to the detections of the new frame.</summary>
    public StageOutput Reuse(StageOutput earlier, StageInput input)
    {
        var detections = input.Upstream.SelectMany(output => output.Detections).ToList();
        return earlier with { Texts = [.. earlier.Texts.Select(finding => Relink(finding, detections))] };
    }

    /// <summary>
    /// Whether the reading of a line turned by 180 degrees replaces that of the line. Chosen so that no upright line of
    /// docs/models.md changes.
    /// </summary>
    internal static bool IsBetterTurned(LineReading upright, LineReading turned) =>
        turned.Certainty >= Math.Max(TurnedCertainty, upright.Certainty + TurnedGain);

    /// <summary>Rotates a tall rectangle by 90 degrees counterclockwise (PaddleOCR, get_rotate_crop_image).</summary>
    internal static Quad Upright(Quad quad) => quad.Height >= quad.Width * VerticalAspect ? quad.Rotated90() : quad;

    /// <summary>The smallest detection whose box contains a point, the first of equal ones, or null.</summary>
    internal static Detection? SmallestAround(PixelPoint point, IEnumerable<Detection> detections) => detections
        .Where(detection => Contains(detection.Box, point))
        .MinBy(detection => detection.Box.Width * detection.Box.Height);

    /// <summary>
    /// Recognizes lines upside down that are doubtful and that the direction model takes for upside-down ones. Few
    /// upright lines are doubtful, so this costs nearly nothing; most upside-down lines are.
    /// </summary>
    private async ValueTask TurnUpsideDownLinesAsync(
        Frame frame, RecognizedLine[] lines, CancellationToken cancellationToken)
    {
        int[] doubtful = [.. lines.Index().Where(line => line.Item.Reading.Certainty < DoubtfulCertainty)
            .Select(line => line.Index)];
        if (direction is null || doubtful.Length == 0)
        {
            return;
        }

        var found = await direction.FindUpsideDownAsync(
            frame, [.. doubtful.Select(index => lines[index].Quad)], cancellationToken);
        var turned = await recognizer.RecognizeAsync(
            frame, [.. found.Select(position => lines[doubtful[position]].Quad.Rotated180())], cancellationToken);
        foreach (var (position, line) in found.Zip(turned))
        {
            if (IsBetterTurned(lines[doubtful[position]].Reading, line.Reading))
            {
                lines[doubtful[position]] = line;
            }
        }
    }

    private static bool Contains(BoundingBox box, PixelPoint point) =>
        point.X >= box.X && point.X <= box.X + box.Width && point.Y >= box.Y && point.Y <= box.Y + box.Height;

    private static TextFinding ToFinding(RecognizedLine line, Frame frame, List<Detection> detections)
    {
        var quad = line.Quad.ScaledBy((float)frame.SourceWidth / frame.Width, (float)frame.SourceHeight / frame.Height);
        var region = new TextRegion
        {
            Text = line.Reading.Text.Trim(),
            Confidence = Math.Clamp(line.Reading.Confidence, 0, 1),
            Polygon =
            {
                quad.ClippedCorners(frame.SourceWidth, frame.SourceHeight)
                    .Select(corner => new Point { X = corner.X, Y = corner.Y }),
            },
        };
        return new TextFinding(region, SmallestAround(quad.Center, detections));
    }

    private static TextFinding Relink(TextFinding finding, List<Detection> detections)
    {
        // The region of the earlier frame keeps its own detection_index, so this frame needs a copy.
        var region = finding.Region.Clone();
        region.ClearDetectionIndex();
        var (topLeft, bottomRight) = (region.Polygon[0], region.Polygon[2]);
        var center = new PixelPoint((topLeft.X + bottomRight.X) / 2, (topLeft.Y + bottomRight.Y) / 2);
        return new TextFinding(region, SmallestAround(center, detections));
    }
}
