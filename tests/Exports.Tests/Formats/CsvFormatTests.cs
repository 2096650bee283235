using System.Text;
using System.Text.Json;
using ForegSyte.Exports.Tables;

namespace ForegSyte.Exports.Tests.Formats;

/// <summary>CSV, as DuckDB and Python read it.</summary>
public sealed class CsvFormatTests
{
    [Fact]
    public async Task Detections_AreRfc4180()
    {
        var export = await SampleResults.Tracked().ExportAsync(ExportFormat.Csv);

        Assert.Equal(
            "frame_index,timestamp_ms,track_id,label,class_id,confidence,x,y,width,height,interpolated,damaged\r\n"
            + "0,0,1,person,0,0.875,10.5,20.25,30,60,false,false\r\n"
            + "0,0,,car,2,0.5,100,200,50.125,40,false,false\r\n"
            + "1,100,1,person,0,,12.5,20.25,30,60,true,false\r\n"
            + "2,200,1,person,0,0.75,14.5,20.25,30,60,false,false\r\n",
            Encoding.UTF8.GetString(export));
    }

    [Fact]
    public async Task Detections_InDuckDb_HaveTypesAndMissingValues()
    {
        var export = await SampleResults.Tracked().ExportAsync(ExportFormat.Csv);

        Assert.Equal(
            ["4|1|1|0.875"],
            await Readers.DuckDbAsync(
                export,
                "SELECT count(*), count(*) FILTER (interpolated), count(*) FILTER (track_id IS NULL), max(confidence) "
                + "FROM read_csv({file})"));
        Assert.Equal(
            ["BIGINT|DOUBLE|BOOLEAN|VARCHAR"],
            await Readers.DuckDbAsync(
                export,
                "SELECT typeof(track_id), typeof(x), typeof(damaged), typeof(label) FROM read_csv({file}) LIMIT 1"));
    }

    [Theory]
    [InlineData(ExportTable.Texts, "frame_index,timestamp_ms,track_id,text,confidence,x1,y1,x2,y2,x3,y3,x4,y4,"
        + "detection_index,damaged\r\n2,200,1,GATE 07,0.5,1,2,3.5,2,3.5,4,1,4,,false\r\n")]
    [InlineData(ExportTable.Tracks, "track_id,label,class_id,confidence,frames_seen,"
        + "first_frame_index,first_timestamp_ms,first_x,first_y,first_width,first_height,"
        + "last_frame_index,last_timestamp_ms,last_x,last_y,last_width,last_height,"
        + "best_frame_index,best_timestamp_ms,best_x,best_y,best_width,best_height\r\n"
        + "1,person,0,0.8125,2,0,0,10.5,20.25,30,60,2,200,10.5,20.25,30,60,0,0,10.5,20.25,30,60\r\n")]
    [InlineData(ExportTable.TextTracks, "track_id,text,confidence,frames_seen,object_track_id,"
        + "first_frame_index,first_timestamp_ms,"
        + "first_x1,first_y1,first_x2,first_y2,first_x3,first_y3,first_x4,first_y4,"
        + "last_frame_index,last_timestamp_ms,last_x1,last_y1,last_x2,last_y2,last_x3,last_y3,last_x4,last_y4,"
        + "best_frame_index,best_timestamp_ms,best_x1,best_y1,best_x2,best_y2,best_x3,best_y3,best_x4,best_y4\r\n"
        + "1,GATE 07,0.9,1,,2,200,,,,,,,,,2,200,,,,,,,,,0,0,,,,,,,,\r\n")]
    public async Task OtherTables_HaveTheirColumns(ExportTable table, string expected) => Assert.Equal(
        expected,
        Encoding.UTF8.GetString(await SampleResults.Tracked().ExportAsync(ExportFormat.Csv, table)));

    [Fact]
    public async Task HostileTexts_InPythonAndDuckDb_AreWhole()
    {
        var export = await SampleResults.OfTexts(SampleResults.HostileTexts).ExportAsync(
            ExportFormat.Csv, ExportTable.Texts);
        var expected = SampleResults.HostileTexts.Select(CsvText.Protect).ToList();

        var python = await Readers.PythonAsync(
            export,
            """
            import csv, json, sys
            with open(sys.argv[1], newline="", encoding="utf-8") as file:
                print(json.dumps([row["text"] for row in csv.DictReader(file, strict=True)]))
            """);
        Assert.Equal(expected, JsonSerializer.Deserialize<List<string>>(python));
        Assert.Equal(
            expected,
            await Readers.DuckDbAsync(export, "SELECT text FROM read_csv({file}) ORDER BY frame_index"));
    }

    [Fact]
    public async Task ReadmeOfExports_UndoesTheApostrophesInPython()
    {
        var texts = SampleResults.HostileTexts
            .Where(text => !text.Any(unit => char.IsControl(unit) && unit is not ('\t' or '\r' or '\n')))
            .ToList();
        var export = await SampleResults.OfTexts(texts).ExportAsync(ExportFormat.Csv, ExportTable.Texts);

        var python = await Readers.PythonAsync(
            export,
            """
            import csv, json, re, sys
            with open(sys.argv[1], newline="", encoding="utf-8") as file:
                print(json.dumps([re.sub(r"(^|[;\t\r\n])'", r"\1", row["text"]) for row in csv.DictReader(file)]))
            """);

        Assert.Equal(texts, JsonSerializer.Deserialize<List<string>>(python));
    }

    [Fact]
    public async Task Labels_SelectDetectionsAndTracks()
    {
        var results = SampleResults.Tracked();

        Assert.Equal(
            ["car"],
            await Readers.DuckDbAsync(
                await results.ExportAsync(ExportFormat.Csv, null, "car"), "SELECT label FROM read_csv({file})"));
        Assert.Equal(
            ["0"],
            await Readers.DuckDbAsync(
                await results.ExportAsync(ExportFormat.Csv, ExportTable.Tracks, "car"),
                "SELECT count(*) FROM read_csv({file})"));
    }

    [Fact]
    public async Task LongText_IsWrittenWithoutSynchronousWrites()
    {
        var text = new string('x', 1 << 20);

        var export = await SampleResults.OfTexts([text, text]).ExportAsync(ExportFormat.Csv, ExportTable.Texts);

        Assert.Equal(
            [$"2|{text.Length}"],
            await Readers.DuckDbAsync(
                export,
                "SELECT count(*), max(length(text)) FROM read_csv({file}, max_line_size = 4000000)"));
    }
}
