using ForegSyte.Exports.Formats;

namespace ForegSyte.Exports.Tests.Formats;

/// <summary>Parquet, as DuckDB reads it.</summary>
public sealed class ParquetFormatTests
{
    [Fact]
    public async Task Detections_InDuckDb_AreTheRows()
    {
        var export = await SampleResults.Tracked().ExportAsync(ExportFormat.Parquet);

        Assert.Equal(
            [
                "0|0|1|person|0|0.875|10.5|20.25|30|60|false|false",
                "0|0|NULL|car|2|0.5|100|200|50.125|40|false|false",
                "1|100|1|person|0|NULL|12.5|20.25|30|60|true|false",
                "2|200|1|person|0|0.75|14.5|20.25|30|60|false|false",
            ],
            await Readers.DuckDbAsync(export, "SELECT * FROM read_parquet({file})"));
    }

    [Fact]
    public async Task Detections_Schema_HasTypesAndTheJob()
    {
        var export = await SampleResults.Tracked().ExportAsync(ExportFormat.Parquet);

        Assert.Equal(
            ["frame_index INT32", "timestamp_ms INT64", "track_id INT32", "label BYTE_ARRAY", "class_id INT32",
                "confidence FLOAT", "x FLOAT", "y FLOAT", "width FLOAT", "height FLOAT", "interpolated BOOLEAN",
                "damaged BOOLEAN"],
            await Readers.DuckDbAsync(
                export, "SELECT name || ' ' || type FROM parquet_schema({file}) WHERE type IS NOT NULL"));
        Assert.Equal(
            [SampleResults.JobId],
            await Readers.DuckDbAsync(
                export,
                "SELECT decode(value) FROM parquet_kv_metadata({file}) WHERE decode(key) = 'job_id'"));
    }

    [Fact]
    public async Task HostileTexts_InDuckDb_AreUnchanged()
    {
        var export = await SampleResults.OfTexts(SampleResults.HostileTexts).ExportAsync(
            ExportFormat.Parquet, ExportTable.Texts);

        Assert.Equal(
            SampleResults.HostileTexts,
            await Readers.DuckDbAsync(export, "SELECT text FROM read_parquet({file}) ORDER BY frame_index"));
    }

    [Theory]
    [InlineData(ExportTable.Detections)]
    [InlineData(ExportTable.Texts)]
    [InlineData(ExportTable.Tracks)]
    [InlineData(ExportTable.TextTracks)]
    public async Task NoRows_IsAnEmptyTable(ExportTable table)
    {
        var export = await new SampleResults().ExportAsync(ExportFormat.Parquet, table);

        Assert.Equal(["0"], await Readers.DuckDbAsync(export, "SELECT count(*) FROM read_parquet({file})"));
    }

    [Fact]
    public async Task ManyRows_AreSeveralRowGroups()
    {
        var results = new SampleResults
        {
            Frames =
            [
                .. Enumerable.Range(0, (2 * ParquetFormat.MaxRowGroupRows) + 1).Select(index =>
                    SampleResults.Frame(index, SampleResults.Found("car", 2, 0.5f, index % 700, 0, 1, 1, index))),
            ],
        };

        var export = await results.ExportAsync(ExportFormat.Parquet);

        Assert.Equal(
            ["100001|5000050000|3"],
            await Readers.DuckDbAsync(
                export,
                "SELECT count(*), sum(frame_index), (SELECT max(row_group_id) + 1 FROM parquet_metadata({file})) "
                + "FROM read_parquet({file})"));
    }

    [Fact]
    public async Task LongTexts_AreSeveralRowGroups()
    {
        var text = new string('x', ParquetFormat.MaxRowGroupText / 2);

        var export = await SampleResults.OfTexts([text, text, text]).ExportAsync(
            ExportFormat.Parquet, ExportTable.Texts);

        Assert.Equal(
            ["3|2"],
            await Readers.DuckDbAsync(
                export,
                "SELECT count(*), (SELECT max(row_group_id) + 1 FROM parquet_metadata({file})) "
                + $"FROM read_parquet({{file}}) WHERE length(text) = {text.Length}"));
    }
}
