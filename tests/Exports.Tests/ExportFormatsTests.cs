namespace ForegSyte.Exports.Tests;

/// <summary>Names and checks of options.</summary>
public sealed class ExportFormatsTests
{
    [Theory]
    [InlineData("csv", "", ExportTable.Detections)]
    [InlineData("csv", "text_tracks", ExportTable.TextTracks)]
    [InlineData("parquet", "texts", ExportTable.Texts)]
    [InlineData("coco", "", ExportTable.Detections)]
    [InlineData("mot", "", ExportTable.Tracks)]
    [InlineData("mot", "detections", ExportTable.Detections)]
    [InlineData("vtt", "", ExportTable.TextTracks)]
    [InlineData("srt", "text_tracks", ExportTable.TextTracks)]
    public void Parse_Names_AreOptions(string format, string table, ExportTable expected)
    {
        var options = ExportFormats.Parse(format, table, [], out var problem);

        Assert.Null(problem);
        Assert.Equal(expected, ExportFormats.TableOf(options!));
    }

    [Theory]
    [InlineData("xlsx", "", null, "format", "format must be one of csv, parquet, coco, mot, vtt, srt.")]
    [InlineData("", "", null, "format", "format must be one of csv, parquet, coco, mot, vtt, srt.")]
    [InlineData("csv", "rows", null, "table", "table must be one of detections, texts, tracks, text_tracks.")]
    [InlineData("coco", "tracks", null, "table", "table must be detections for the format coco.")]
    [InlineData("mot", "texts", null, "table", "table must be tracks or detections for the format mot.")]
    [InlineData("vtt", "", "car", "label", "label cannot be together with the table text_tracks: texts have no label.")]
    [InlineData("csv", "", "", "label", "label must not be empty. Omit it to export every label.")]
    [InlineData("csv", "texts", "car", "label", "label cannot be together with the table texts: texts have no label.")]
    public void Parse_WrongNames_AreNamed(string format, string table, string? label, string field, string message)
    {
        var options = ExportFormats.Parse(format, table, label is null ? [] : [label], out var problem);

        Assert.Null(options);
        Assert.Equal(new ExportProblem(field, message), problem);
    }

    [Fact]
    public void Parse_TooManyLabels_AreRefused()
    {
        Assert.Null(ExportFormats.Parse("csv", "", [.. Enumerable.Repeat("car", 101)], out var problem));
        Assert.Equal(new ExportProblem("label", "label can be given at most 100 times."), problem);
    }

    [Fact]
    public async Task Write_InvalidOptions_AreAnArgumentException() => await Assert.ThrowsAsync<ArgumentException>(
        () => new SampleResults().ExportAsync(ExportFormat.Coco, ExportTable.Texts));

    [Theory]
    [InlineData(ExportFormat.Csv)]
    [InlineData(ExportFormat.Parquet)]
    [InlineData(ExportFormat.Coco)]
    [InlineData(ExportFormat.Mot)]
    [InlineData(ExportFormat.WebVtt)]
    [InlineData(ExportFormat.Srt)]
    public async Task Write_Twice_GivesTheSameBytes(ExportFormat format) => Assert.Equal(
        await SampleResults.Tracked().ExportAsync(format), await SampleResults.Tracked().ExportAsync(format));
}
