using ForegSyte.Client.Tests.Fakes;
using ForegSyte.CommandLine.Completion;
using ForegSyte.V1;

namespace ForegSyte.Client.Tests.CommandLine;

/// <summary>The candidates for the completion scripts; Packages.Tests runs the scripts in their shells.</summary>
public sealed class CompletionTests
{
    [Theory]
    [InlineData("", "", "")]
    [InlineData(" li", "", "li")]
    [InlineData("list ", "list ", "")]
    [InlineData("list --status c", "list --status ", "c")]
    [InlineData("list --status=c", "list --status ", "c")]
    [InlineData("list --filter=a=b", "list --filter ", "a=b")]
    [InlineData("list --filter 'a = b' --l", "list --filter 'a = b' ", "--l")]
    [InlineData("submit \"two words", "submit ", "\"two words")]
    [InlineData("submit two\\ words", "submit ", "two\\ words")]
    [InlineData("submit it\\'s here", "submit it\\'s ", "here")]
    [InlineData("submit --", "submit ", "--")]
    public void Of_Line_SplitsBeforeTheLastWord(string line, string before, string word) =>
        Assert.Equal(new UnfinishedLine(before, word), UnfinishedLine.Of(line));

    [Theory]
    [InlineData("re", "results\tPrint the results of a job|retry\tQueue failed or cancelled jobs again")]
    [InlineData("list --st", "--status\tList only jobs with this status")]
    [InlineData("list --status=c", "cancelled\t|completed\t")]
    [InlineData("submit --transfer ", "automatic\t|content\t|path\t|upload\t")]
    [InlineData("submit ", ":files")]
    [InlineData("submit vid", ":files")]
    [InlineData("get --ca-file /etc/", ":files")]
    [InlineData("submit --name x", "")]
    [InlineData("get --server half-an-address ", "")]
    [InlineData("get --server http://127.0.0.1:1 ", "")]
    public async Task Complete_Line_PrintsTheCandidates(string line, string expected) =>
        Assert.Equal(expected.Split('|', StringSplitOptions.RemoveEmptyEntries), await CompleteAsync(line));

    [Fact]
    public async Task Complete_JobId_ListsTheJobsThatTheCommandAccepts()
    {
        await using var server = await ScriptedServer.StartAsync();
        var jobs = new ListJobsResponse
        {
            Jobs =
            {
                new Job { JobId = "aaaa", Status = JobStatus.Failed, DisplayName = "a\tb\nc.mp4" },
                new Job { JobId = "bbbb", Status = JobStatus.Cancelled },
            },
        };
        server.Service.List.Always((_, _) => Task.FromResult(jobs));

        Assert.Equal(["aaaa\tfailed a b c.mp4", "bbbb\tcancelled"], await CompleteAsync("retry ", server));
        Assert.Equal(["bbbb\tcancelled"], await CompleteAsync("retry aaaa b", server));
        Assert.Equal(["aaaa\tfailed a b c.mp4", "bbbb\tcancelled"], await CompleteAsync("get ", server));

        Assert.Equal(
            ["status = FAILED OR status = CANCELLED", "status = FAILED OR status = CANCELLED", ""],
            server.Service.List.Requests.Select(request => request.Filter));
    }

    [Fact]
    public async Task Complete_Pipeline_ListsThePipelinesOfTheServer()
    {
        await using var server = await ScriptedServer.StartAsync();
        server.Service.Pipelines.Always((_, _) => Task.FromResult(new ListPipelinesResponse
        {
            Pipelines =
            {
                new Pipeline { Id = "ocr_only", Description = "Reads text." },
                new Pipeline { Id = "yolo_ocr" },
            },
        }));

        Assert.Equal(["ocr_only\tReads text."], await CompleteAsync("submit a.mp4 -p o", server));
    }

    [Fact]
    public async Task Complete_ServerHangs_PrintsNothing()
    {
        await using var server = await ScriptedServer.StartAsync();
        server.Service.List.Hang();

        Assert.Empty(await CompleteAsync("get ", server));
    }

    [Theory]
    [InlineData("submit", "<FILE|URI>")]
    [InlineData("get", "<JOB_ID>")]
    [InlineData("cancel", "<JOB_ID>")]
    public async Task Help_CompletedArgument_ShowsItsName(string command, string expected)
    {
        await using var server = await ScriptedServer.StartAsync();

        var run = await CommandLineRun.OnAsync(server, command, "--help");

        Assert.Contains(expected, run.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("<:", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Completion_UnknownShell_NamesTheSupportedOnes()
    {
        var run = await CommandLineRun.StartAsync(
            ["completion", "tcsh"], TestContext.Current.CancellationToken);

        Assert.Equal(2, run.ExitCode);
        Assert.Contains("bash", run.Error, StringComparison.Ordinal);
    }

    private static async Task<string[]> CompleteAsync(string line, ScriptedServer? server = null)
    {
        var run = await CommandLineRun.StartAsync(
            ["[complete]", line],
            TestContext.Current.CancellationToken,
            environmentVariable: name =>
                name == "FOREGSYTE_SERVER" ? (server?.Address.ToString() ?? "http://127.0.0.1:1") : null);
        Assert.Equal((0, ""), (run.ExitCode, run.Error));
        return run.Output.Split(Environment.NewLine, StringSplitOptions.RemoveEmptyEntries);
    }
}
