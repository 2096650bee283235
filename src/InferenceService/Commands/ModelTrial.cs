using System.Globalization;
using ForegSyte.Inference.Frames;
using ForegSyte.Inference.Pipelines;
using ForegSyte.Inference.Video;
using ForegSyte.Protocol.Text;
using ForegSyte.V1;

namespace ForegSyte.Inference.Commands;

/// <summary>Runs a pipeline on one picture, lists what it finds, and writes the picture with the boxes.</summary>
internal sealed class ModelTrial(ModelTools tools, CompiledPipeline pipeline, TextWriter output)
{
    /// <summary>Maximum number of listed and drawn detections.</summary>
    private const int MaxListed = 50;

    /// <param name="path">Absolute path of a picture or a video.</param>
    /// <param name="at">Time of the frame of a video, in seconds.</param>
    /// <param name="picturePath">Absolute path of the JPEG with the boxes.</param>
    /// <param name="cancellationToken">Stops reading and running.</param>
    public async Task RunAsync(string path, double at, string picturePath, CancellationToken cancellationToken)
    {
        using var frame = await PictureReader.ReadAsync(tools.Video, path, at, cancellationToken);
        var start = tools.Time.GetTimestamp();
        var outputs = await PipelineWarmUp.RunOnceAsync(pipeline, frame, cancellationToken);
        var milliseconds = tools.Time.GetElapsedTime(start).TotalMilliseconds;
        var detections = outputs.SelectMany(node => node.Detections).OrderByDescending(found => found.Confidence)
            .ToList();
        var texts = outputs.SelectMany(node => node.Texts).ToList();
        await PrintAsync(
            $"In {Path.GetFileName(path)} ({frame.Width}x{frame.Height}): {detections.Count} objects, {texts.Count} "
            + $"lines of text, {milliseconds:F0} ms on {tools.Device.Description.Description}");
        foreach (var (found, index) in detections.Take(MaxListed).Select((found, index) => (found, index)))
        {
            var color = BoxColor.Of(index);
            BoxPainter.Draw(
                frame, found.Box.X, found.Box.Y, found.Box.X + found.Box.Width, found.Box.Y + found.Box.Height, color);
            await PrintAsync($"  {found.Label} {found.Confidence:F2} at {Describe(found.Box)}, {color.Name}");
        }

        foreach (var text in texts)
        {
            await PrintAsync($"  \"{text.Region.Text}\" {text.Region.Confidence:F2}");
        }

        if (detections.Count == 0)
        {
            await PrintAsync(
                "  No objects. Try a picture with objects that the model knows; if that finds none either, the export "
                + "or --family may be wrong.");
        }

        var whole = new Cutout(DecodeSize.Native, 0, 0, frame.Width, frame.Height);
        await File.WriteAllBytesAsync(picturePath, JpegPicture.Encode(frame, whole), cancellationToken);
        await PrintAsync($"The picture with the boxes is {picturePath}.");
    }

    private static string Describe(BoundingBox box) => string.Create(
        CultureInfo.InvariantCulture, $"x {box.X:F0}, y {box.Y:F0}, {box.Width:F0}x{box.Height:F0}");

    private Task PrintAsync(string line) => output.WriteLineAsync(ControlCharacters.Escape(line));
}
