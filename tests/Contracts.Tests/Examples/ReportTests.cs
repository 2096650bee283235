using System.Text.RegularExpressions;
using ForegSyte.Client;
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

    [Fact]
    public async Task Zones_InCSharp_CountsPersonsAndCrossings()
    {
        var lines = (await MoreAsync("csharp", RepositoryFiles.Pedestrians)).Split('\n');

        Assert.Contains(lines, line => Regex.IsMatch(line, "^person: [3-7] in the left half$"));
        Assert.Matches("^crossings: [0-9]+ to the left of the line, [0-9]+ to its right$", lines[^2]);
    }

    [Fact]
    public async Task Tracks_InPythonAndCpp_AreTheSamePersons()
    {
        var jobId = await CompletedJobAsync();

        var tracks = await MoreAsync("python", jobId);

        Assert.Equal(tracks, await MoreAsync("cpp", jobId));
        Assert.InRange(Regex.Count(tracks, @"(?m)^person \d+: \d+ to \d+ ms, in \d+ frames$"), 7, 8);
    }

    [Fact]
    public async Task Search_InNode_FindsTheVideoOfAText()
    {
        var jobId = await CompletedJobAsync();

        // The search knows a job some seconds after its completion.
        var found = await Wait.ForAsync(
            () => MoreAsync("node", "GATE O7 NORTH"),
            output => output.Contains(jobId, StringComparison.Ordinal),
            "the search finds the job");

        Assert.Contains(
            $"job {jobId} pedestrians.mp4: GATE 07 NORTH from 0 to 9900 ms", found, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Upload_InNode_ReportsProgressAndTheFramesOfTheRunningJob()
    {
        var lines = (await UploadInNodeAsync()).Split('\n');

        Assert.Contains("uploaded 100 %", lines);
        Assert.Equal(
            Enumerable.Range(0, 100).Select(index => $"frame {index}:"),
            lines.Where(line => line.StartsWith("frame ", StringComparison.Ordinal))
                .Select(line => line[..(line.IndexOf(':', StringComparison.Ordinal) + 1)]));
        Assert.Equal("job: JOB_STATUS_COMPLETED after 100 frames", lines[^2]);
    }

    [Fact]
    public async Task Upload_InNodeWithoutWantedFrames_CancelsTheJob() =>
        Assert.EndsWith(
            "job: JOB_STATUS_CANCELLED after 0 frames\n", await UploadInNodeAsync("0"), StringComparison.Ordinal);

    [Fact]
    public async Task Search_InNodeWithoutAText_FailsWithReadableText()
    {
        var run = await programs.RunAsync(
            Language.Of("node"), example => example.More, services.Services.JobAddress.Authority, "");

        Assert.Equal(1, run.ExitCode);
        Assert.Contains("INVALID_ARGUMENT (MISSING_FIELD): ", run.StandardError, StringComparison.Ordinal);
        Assert.DoesNotContain("Buffer", run.StandardError, StringComparison.Ordinal);
    }

    private Task<string> UploadInNodeAsync(params string[] frames) =>
        RunAsync("node", _ => Language.NodeUpload, [RepositoryFiles.Pedestrians, .. frames]);

    private async Task<string> CompletedJobAsync()
    {
        await using var client = new ForegSyteClient(
            new ForegSyteClientOptions { Address = services.Services.JobAddress });
        var token = TestContext.Current.CancellationToken;
        var job = await client.SubmitFileAsync(
            RepositoryFiles.Pedestrians, new SubmitOptions { PipelineId = "yolo_ocr" }, cancellationToken: token);
        return (await client.WaitForCompletionAsync(job.JobId, cancellationToken: token)).JobId;
    }

    private Task<string> ReportAsync(string language) =>
        RunAsync(language, example => example.Analyze, RepositoryFiles.Pedestrians);

    private Task<string> MoreAsync(string language, string argument) =>
        RunAsync(language, example => example.More, argument);

    private async Task<string> RunAsync(
        string language, Func<Language, string[]> program, params string[] arguments)
    {
        var run = await programs.RunAsync(
            Language.Of(language), program, [services.Services.JobAddress.Authority, .. arguments]);
        Assert.True(run.ExitCode == 0, $"The {language} example failed: {run.StandardError}");
        return run.StandardOutput;
    }
}
