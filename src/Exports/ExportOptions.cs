namespace ForegSyte.Exports;

/// <summary>File format of an export.</summary>
public enum ExportFormat
{
    /// <summary>Comma-separated values (RFC 4180) of one table, with a header.</summary>
    Csv,

    /// <summary>Apache Parquet of one table.</summary>
    Parquet,

    /// <summary>COCO JSON: images, categories and annotations with track_id.</summary>
    Coco,

    /// <summary>Lines of the MOT Challenge: of the tracks, or of the detections.</summary>
    Mot,

    /// <summary>WebVTT subtitles of the texts.</summary>
    WebVtt,

    /// <summary>SubRip subtitles of the texts.</summary>
    Srt,
}

/// <summary>The content of an export.</summary>
public enum ExportTable
{
    /// <summary>One row for each object in each analyzed frame.</summary>
    Detections,

    /// <summary>One row for each line of text in each analyzed frame.</summary>
    Texts,

    /// <summary>One row for each object over the video.</summary>
    Tracks,

    /// <summary>One row for each text over the video.</summary>
    TextTracks,
}

/// <summary>What an export contains. docs/exports.md describes the columns and fields of each format.</summary>
public sealed record ExportOptions
{
    /// <summary>Maximum number of <see cref="Labels"/>.</summary>
    public const int MaxLabels = 100;

    /// <summary>File format.</summary>
    public required ExportFormat Format { get; init; }

    /// <summary>
    /// The content; null means the default of the format: the tracks for <see cref="ExportFormat.Mot"/>, the text
    /// tracks for subtitles, otherwise the detections.
    /// </summary>
    public ExportTable? Table { get; init; }

    /// <summary>Class names of the wanted objects, at most 100; empty means all. Not for texts.</summary>
    public IReadOnlyList<string> Labels { get; init; } = [];
}
