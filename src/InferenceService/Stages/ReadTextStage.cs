using ForegSyte.Inference.Video;
using ForegSyte.Inference.Vision;

namespace ForegSyte.Inference.Stages;

/// <summary>
/// Reads the text of the whole frame: finds lines, turns those that stand on their head where there is a model for it,
/// reads them from the frame's own pixels, and tells on which upstream detection each is.
/// </summary>
/// <param name="detector">Finds the lines.</param>
/// <param name="direction">Turns lines; null where the pipeline does not ask for it.</param>
/// <param name="recognizer">Reads the lines.</param>
/// <param name="confidence">Lines below this are dropped, 0 to 1.</param>
/// <param name="changeThreshold">See <see cref="IStage.ChangeThreshold"/>.</param>
internal sealed class ReadTextStage(
    TextDetector detector, TextDirectionClassifier? direction, TextRecognizer recognizer, float confidence,
    int changeThreshold) : IStage
{
    /// <summary>A line this many times taller than wide is read from top to bottom; PaddleOCR's rule.</summary>
    public const float VerticalAspect = 1.5f;

    /// <summary>Small text needs every pixel.</summary>
    public DecodeSize DecodeSize => DecodeSize.Native;

    public async ValueTask<StageOutput> ProcessAsync(StageInput input, CancellationToken cancellationToken) =>
        StageOutput.Of(await ReadAsync(input, cancellationToken));

    public int ChangeThreshold => changeThreshold;

    /// <summary>The same lines; on which detection each is depends on the frame's own ones.</summary>
    public StageOutput TakeOver(StageOutput earlier, StageInput input)
    {
        var detections = input.Upstream.SelectMany(output => output.Detections).ToList();
        return StageOutput.Of([.. earlier.Texts.Select(finding => Again(finding, detections))]);
    }

    private static TextFinding Again(TextFinding finding, List<V1.Detection> detections)
    {
        // A copy: which detection it is on is written into the region of the earlier frame.
        var region = finding.Region.Clone();
        region.ClearDetectionIndex();
        var (topLeft, bottomRight) = (region.Polygon[0], region.Polygon[2]);
        var centre = new PixelPoint((topLeft.X + bottomRight.X) / 2, (topLeft.Y + bottomRight.Y) / 2);
        return new TextFinding(region, TextLinks.SmallestAround(centre, detections));
    }

    private async ValueTask<List<TextFinding>> ReadAsync(StageInput input, CancellationToken cancellationToken)
    {
        var frame = input.Frame;
        var boxes = await detector.FindAsync(frame, cancellationToken);
        Quad[] quads = [.. boxes.Select(box => Upright(box.Quad))];
        if (direction is not null)
        {
            quads = await direction.TurnAsync(frame, quads, cancellationToken);
        }

        var lines = Array.FindAll(
            await recognizer.ReadAsync(frame, quads, cancellationToken),
            line => line.Confidence >= confidence && !string.IsNullOrWhiteSpace(line.Text));
        var order = ReadingOrder.Of([.. lines.Select(line => line.Quad)]);
        var detections = input.Upstream.SelectMany(output => output.Detections).ToList();
        return [.. order.Select(index => ToFinding(lines[index], frame, detections))];
    }

    /// <summary>A tall rectangle as it is read: PaddleOCR turns its picture by a quarter counter-clockwise.</summary>
    private static Quad Upright(Quad quad) =>
        quad.Height >= quad.Width * VerticalAspect ? quad.TurnedQuarter() : quad;

    private static TextFinding ToFinding(ReadLine line, Frame frame, List<V1.Detection> detections)
    {
        var quad = line.Quad.ScaledBy((float)frame.SourceWidth / frame.Width, (float)frame.SourceHeight / frame.Height);
        var region = new V1.TextRegion
        {
            Text = line.Text.Trim(),
            Confidence = Math.Clamp(line.Confidence, 0, 1),
            Polygon =
            {
                quad.ClippedCorners(frame.SourceWidth, frame.SourceHeight)
                    .Select(corner => new V1.Point { X = corner.X, Y = corner.Y }),
            },
        };
        return new TextFinding(region, TextLinks.SmallestAround(quad.Centre, detections));
    }
}
