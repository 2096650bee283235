namespace ForegSyte.Exports;

/// <summary>Properties of a file format.</summary>
/// <param name="Format">The format.</param>
/// <param name="Name">Its name in commands and addresses.</param>
/// <param name="Extension">End of file names, with the dot.</param>
/// <param name="MediaType">Content-Type.</param>
/// <param name="IsText">Whether it is UTF-8 text, which a terminal can show.</param>
/// <param name="Tables">The tables that it can have, the default first.</param>
internal sealed record FormatInfo(
    ExportFormat Format, string Name, string Extension, string MediaType, bool IsText,
    IReadOnlyList<ExportTable> Tables);

/// <summary>What is wrong with the options of an export.</summary>
/// <param name="Field">Name of the option: "format", "table" or "label".</param>
/// <param name="Message">The error for people.</param>
internal sealed record ExportProblem(string Field, string Message);

/// <summary>The file formats, their names, and the checks of options. Pure.</summary>
internal static class ExportFormats
{
    private static readonly ExportTable[] AllTables =
        [ExportTable.Detections, ExportTable.Texts, ExportTable.Tracks, ExportTable.TextTracks];

    /// <summary>All formats.</summary>
    public static readonly IReadOnlyList<FormatInfo> All =
    [
        new(ExportFormat.Csv, "csv", ".csv", "text/csv; charset=utf-8; header=present", true, AllTables),
        new(ExportFormat.Parquet, "parquet", ".parquet", "application/vnd.apache.parquet", false, AllTables),
        new(ExportFormat.Coco, "coco", ".coco.json", "application/json", true, [ExportTable.Detections]),
        new(
            ExportFormat.Mot, "mot", ".mot.txt", "text/plain; charset=utf-8", true,
            [ExportTable.Tracks, ExportTable.Detections]),
        new(ExportFormat.WebVtt, "vtt", ".vtt", "text/vtt; charset=utf-8", true, [ExportTable.TextTracks]),
        new(ExportFormat.Srt, "srt", ".srt", "application/x-subrip", true, [ExportTable.TextTracks]),
    ];

    /// <summary>Names of the formats.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. All.Select(format => format.Name)];

    /// <summary>Names of the tables.</summary>
    public static IReadOnlyList<string> TableNames { get; } = [.. AllTables.Select(NameOf)];

    /// <summary>Properties of a format.</summary>
    public static FormatInfo Of(ExportFormat format) => All.First(info => info.Format == format);

    /// <summary>The format of a name; null if there is none.</summary>
    public static FormatInfo? Find(string name) => All.FirstOrDefault(info => info.Name == name);

    /// <summary>Name of a table in commands and addresses.</summary>
    public static string NameOf(ExportTable table) => table switch
    {
        ExportTable.Detections => "detections",
        ExportTable.Texts => "texts",
        ExportTable.Tracks => "tracks",
        _ => "text_tracks",
    };

    /// <summary>The table of a name; null if there is none.</summary>
    public static ExportTable? FindTable(string name) =>
        AllTables.Where(table => NameOf(table) == name).Select(table => (ExportTable?)table).FirstOrDefault();

    /// <summary>The table that an export has.</summary>
    public static ExportTable TableOf(ExportOptions options) => options.Table ?? Of(options.Format).Tables[0];

    /// <summary>Reads options from names.</summary>
    /// <param name="format">Name of the format.</param>
    /// <param name="table">Name of the table; empty for the default.</param>
    /// <param name="labels">The wanted labels; empty for all.</param>
    /// <param name="problem">What is wrong; null if the options are returned.</param>
    public static ExportOptions? Parse(
        string format, string table, IReadOnlyList<string> labels, out ExportProblem? problem)
    {
        if (Find(format) is not { } info)
        {
            problem = new ExportProblem("format", $"format must be one of {string.Join(", ", Names)}.");
            return null;
        }

        var parsed = FindTable(table);
        if (table.Length > 0 && parsed is null)
        {
            problem = new ExportProblem("table", $"table must be one of {string.Join(", ", TableNames)}.");
            return null;
        }

        var options = new ExportOptions { Format = info.Format, Table = parsed, Labels = labels };
        problem = Check(options);
        return problem is null ? options : null;
    }

    /// <summary>Finds what is wrong with options; null if nothing is.</summary>
    public static ExportProblem? Check(ExportOptions options)
    {
        var format = All.FirstOrDefault(info => info.Format == options.Format);
        if (format is null)
        {
            return new ExportProblem("format", $"format must be one of {string.Join(", ", Names)}.");
        }

        var table = TableOf(options);
        if (!format.Tables.Contains(table))
        {
            return new ExportProblem(
                "table",
                $"table must be {string.Join(" or ", format.Tables.Select(NameOf))} for the format {format.Name}.");
        }

        if (options.Labels.Count > ExportOptions.MaxLabels)
        {
            return new ExportProblem("label", $"label can be given at most {ExportOptions.MaxLabels} times.");
        }

        if (options.Labels.Any(string.IsNullOrEmpty))
        {
            return new ExportProblem("label", "label must not be empty. Omit it to export every label.");
        }

        return options.Labels.Count > 0 && table is (ExportTable.Texts or ExportTable.TextTracks)
            ? new ExportProblem(
                "label", $"label cannot be together with the table {NameOf(table)}: texts have no label.")
            : null;
    }
}
