using ForegSyte.Exports.Formats;
using ForegSyte.Exports.Tables;

namespace ForegSyte.Exports;

/// <summary>Writes the results of a job in a file format. Memory does not grow with the frames.</summary>
internal static class ExportWriter
{
    /// <summary>Writes an export. If it fails, the destination has an incomplete file.</summary>
    /// <param name="source">The results.</param>
    /// <param name="options">Valid options (<see cref="ExportFormats.Check"/>).</param>
    /// <param name="destination">Receives the bytes asynchronously; it is not closed.</param>
    /// <param name="cancellationToken">Cancels the export.</param>
    /// <exception cref="ArgumentException">The options are not valid.</exception>
    /// <exception cref="IOException">The destination cannot be written.</exception>
    public static async Task WriteAsync(
        IExportSource source, ExportOptions options, Stream destination, CancellationToken cancellationToken)
    {
        if (ExportFormats.Check(options) is { } problem)
        {
            throw new ArgumentException(problem.Message, nameof(options));
        }

        await using var output = new BufferedOutput(destination);
        var filter = new LabelFilter(options.Labels);
        await (options.Format switch
        {
            ExportFormat.Csv => WriteTableAsync(new CsvFormat(output)),
            ExportFormat.Parquet => WriteTableAsync(new ParquetFormat(output, source.Job.JobId)),
            ExportFormat.Coco => CocoFormat.WriteAsync(source, filter, output, cancellationToken),
            ExportFormat.Mot => MotFormat.WriteAsync(
                source, filter, ExportFormats.TableOf(options) == ExportTable.Tracks, output, cancellationToken),
            ExportFormat.WebVtt => WebVttFormat.WriteAsync(source, output, cancellationToken),
            _ => SrtFormat.WriteAsync(source, output, cancellationToken),
        });
        await output.CompleteAsync(cancellationToken);

        Task WriteTableAsync(ITableFormat format) => ExportFormats.TableOf(options) switch
        {
            ExportTable.Detections => format.WriteAsync(
                DetectionTable.Columns, DetectionTable.ReadAsync(source, filter, cancellationToken),
                cancellationToken),
            ExportTable.Texts => format.WriteAsync(
                TextTable.Columns, TextTable.ReadAsync(source, cancellationToken), cancellationToken),
            ExportTable.Tracks => format.WriteAsync(
                TrackTable.Columns, TrackTable.ReadAsync(source, filter, cancellationToken), cancellationToken),
            _ => format.WriteAsync(
                TextTrackTable.Columns, source.ReadTextTracksAsync(cancellationToken), cancellationToken),
        };
    }
}

/// <summary>Selects objects by their class names.</summary>
/// <param name="labels">The wanted names; empty for all.</param>
internal sealed class LabelFilter(IReadOnlyList<string> labels)
{
    private readonly HashSet<string> _labels = [.. labels];

    /// <summary>The filter that allows every label.</summary>
    public static LabelFilter All { get; } = new([]);

    /// <summary>Whether every label is wanted.</summary>
    public bool AllowsAll => _labels.Count == 0;

    /// <summary>Whether objects with this label are wanted.</summary>
    public bool Allows(string label) => AllowsAll || _labels.Contains(label);
}
