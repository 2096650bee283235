using ForegSyte.Testing;

namespace ForegSyte.Contracts.Tests.Examples;

/// <summary>
/// The example clients in four languages submit a video, wait, page through the results and read an error; all print
/// the same report.
/// </summary>
[Collection(RunningServicesCollection.Name)]
public sealed class ReportTests(RunningServices services, ExamplePrograms programs)
{
    public static TheoryData<string> OtherLanguages => [.. Language.All.Skip(1).Select(language => language.Name)];

    [Fact]
    public async Task Analyze_InCSharp_ReportsTheJobItsPagesAndTheError()
    {
        var lines = (await ReportAsync("csharp")).Split('\n');
        Assert.Equal("job: JOB_STATUS_COMPLETED, 4 of 100 frames analyzed", lines[0]);
        Assert.Contains("text: GATE 07 NORTH in 4 frames", lines);
        Assert.Equal(
            ["0 at 0 ms", "25 at 2500 ms", "50 at 5000 ms", "75 at 7500 ms"],
            lines.Where(line => line.StartsWith("frame ", StringComparison.Ordinal))
                .Select(line => line["frame ".Length..line.IndexOf(':', StringComparison.Ordinal)]));
        Assert.Contains("page 3", lines);
        Assert.Contains(lines, line => line.StartsWith("  person 7", StringComparison.Ordinal));
        Assert.Equal(
            [
                "error 3 UNKNOWN_PIPELINE of foregsyte.dev: There is no pipeline \"nope\" here. "
                + "This server has: detect_only, ocr_only, yolo_ocr.",
                "  pipelineId: nope",
                "  pipelines: detect_only,ocr_only,yolo_ocr",
                "  field pipeline_id: UNKNOWN_PIPELINE",
                "",
            ],
            lines[^5..]);
    }

    [Theory]
    [MemberData(nameof(OtherLanguages))]
    public async Task Analyze_InAnyLanguage_ReportsTheSame(string language) =>
        Assert.Equal(await ReportAsync("csharp"), await ReportAsync(language));

    private async Task<string> ReportAsync(string language)
    {
        var run = await programs.RunAsync(
            Language.Of(language),
            example => example.Analyze,
            services.Services.JobAddress.Authority,
            RepositoryFiles.Pedestrians);
        Assert.True(run.ExitCode == 0, $"The {language} example failed: {run.StandardError}");
        return run.StandardOutput;
    }
}
