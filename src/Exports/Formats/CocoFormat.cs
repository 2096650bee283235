using System.Globalization;
using System.Text.Json;
using ForegSyte.Exports.Tables;

namespace ForegSyte.Exports.Formats;

/// <summary>
/// COCO JSON (https://cocodataset.org/#format-data) with the fields of tracking datasets: videos, images.video_id and
/// annotations.track_id. Ids begin with 1, because some readers take 0 for no id. The images and the annotations are
/// two passes over the frames, so neither is kept in memory.
/// </summary>
internal static class CocoFormat
{
    private const int VideoId = 1;

    /// <summary>Id of the first category whose class_id another label has; above every class_id + 1.</summary>
    private const long FirstFurtherId = 1_000_001;

    /// <summary>Writes the document.</summary>
    public static async Task WriteAsync(
        IExportSource source, LabelFilter filter, BufferedOutput output, CancellationToken cancellationToken)
    {
        await using var json = new Utf8JsonWriter(output);
        json.WriteStartObject();
        WriteHead(json, source.Job);
        var categories = await WriteImagesAsync(json, source, output, cancellationToken);
        WriteCategories(json, categories, filter);
        await WriteAnnotationsAsync(json, source, filter, categories, output, cancellationToken);
        json.WriteEndObject();
        await json.FlushAsync(cancellationToken);
    }

    /// <summary>Name of the picture of a frame, as FFmpeg extracts it with -start_number 0 frame_%06d.jpg.</summary>
    public static string FileNameOf(int frameIndex) =>
        string.Create(CultureInfo.InvariantCulture, $"frame_{frameIndex:000000}.jpg");

    private static void WriteHead(Utf8JsonWriter json, ExportedJob job)
    {
        json.WriteStartObject("info");
        json.WriteString("description", $"ForegSyte job {job.JobId}");
        json.WriteEndObject();
        json.WriteStartArray("licenses");
        json.WriteEndArray();
        json.WriteStartArray("videos");
        json.WriteStartObject();
        json.WriteNumber("id", VideoId);
        json.WriteString("name", job.Name.Length > 0 ? job.Name : job.JobId);
        json.WriteNumber("width", job.Video.Width);
        json.WriteNumber("height", job.Video.Height);
        json.WriteEndObject();
        json.WriteEndArray();
    }

    /// <summary>
    /// Writes the analyzed frames, and returns the ids of the categories. Detectors with different classes can use the
    /// same class_id: its first label gets class_id + 1. The ids do not depend on the wanted labels.
    /// </summary>
    private static async Task<Dictionary<(int ClassId, string Label), long>> WriteImagesAsync(
        Utf8JsonWriter json, IExportSource source, BufferedOutput output, CancellationToken cancellationToken)
    {
        var categories = new Dictionary<(int ClassId, string Label), long>();
        var classIds = new HashSet<int>();
        var nextFurtherId = FirstFurtherId;
        json.WriteStartArray("images");
        await foreach (var frame in source.ReadFramesAsync(cancellationToken))
        {
            json.WriteStartObject();
            json.WriteNumber("id", ImageIdOf(frame.FrameIndex));
            json.WriteNumber("video_id", VideoId);
            json.WriteString("file_name", FileNameOf(frame.FrameIndex));
            json.WriteNumber("width", source.Job.Video.Width);
            json.WriteNumber("height", source.Job.Video.Height);
            json.WriteNumber("frame_index", frame.FrameIndex);
            json.WriteNumber("timestamp_ms", frame.FrameTimestampMs);
            json.WriteEndObject();
            foreach (var category in DetectionTable.RowsOf(frame, LabelFilter.All).Select(CategoryOf))
            {
                if (!categories.ContainsKey(category))
                {
                    categories[category] = classIds.Add(category.ClassId) ? category.ClassId + 1L : nextFurtherId++;
                }
            }

            await DrainAsync(json, output, cancellationToken);
        }

        json.WriteEndArray();
        return categories;
    }

    private static void WriteCategories(
        Utf8JsonWriter json, Dictionary<(int ClassId, string Label), long> categories, LabelFilter filter)
    {
        json.WriteStartArray("categories");
        foreach (var (category, id) in categories
            .Where(category => filter.Allows(category.Key.Label))
            .OrderBy(category => category.Value))
        {
            json.WriteStartObject();
            json.WriteNumber("id", id);
            json.WriteString("name", category.Label);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static async Task WriteAnnotationsAsync(
        Utf8JsonWriter json, IExportSource source, LabelFilter filter,
        Dictionary<(int ClassId, string Label), long> categories, BufferedOutput output,
        CancellationToken cancellationToken)
    {
        long id = 0;
        json.WriteStartArray("annotations");
        await foreach (var row in DetectionTable.ReadAsync(source, filter, cancellationToken))
        {
            WriteAnnotation(json, row, ++id, categories[CategoryOf(row)]);
            await DrainAsync(json, output, cancellationToken);
        }

        json.WriteEndArray();
    }

    private static void WriteAnnotation(Utf8JsonWriter json, DetectionRow row, long id, long categoryId)
    {
        var box = row.Box;
        json.WriteStartObject();
        json.WriteNumber("id", id);
        json.WriteNumber("image_id", ImageIdOf(row.Frame.FrameIndex));
        json.WriteNumber("category_id", categoryId);
        json.WriteStartArray("bbox");
        json.WriteNumberValue(box.X);
        json.WriteNumberValue(box.Y);
        json.WriteNumberValue(box.Width);
        json.WriteNumberValue(box.Height);
        json.WriteEndArray();
        json.WriteNumber("area", box.Width * box.Height);
        json.WriteStartArray("segmentation");
        json.WriteEndArray();
        json.WriteNumber("iscrowd", 0);
        json.WriteNumber("score", row.Confidence ?? 0);
        if (row.TrackId is { } trackId)
        {
            json.WriteNumber("track_id", trackId);
        }

        json.WriteBoolean("interpolated", row.IsInterpolated);
        json.WriteEndObject();
    }

    private static long ImageIdOf(int frameIndex) => frameIndex + 1L;

    private static (int ClassId, string Label) CategoryOf(DetectionRow row) =>
        (row.Detection.ClassId, row.Detection.Label);

    private static async ValueTask DrainAsync(
        Utf8JsonWriter json, BufferedOutput output, CancellationToken cancellationToken)
    {
        if (json.BytesPending >= BufferedOutput.BlockBytes)
        {
            await json.FlushAsync(cancellationToken);
            await output.DrainAsync(cancellationToken);
        }
    }
}
