using ForegSyte.Client.Tests.Fakes;
using ForegSyte.V1;

namespace ForegSyte.Client.Tests.CommandLine;

/// <summary>The first digits of an id select a job.</summary>
public sealed class ShortIdTests : IAsyncLifetime
{
    private ScriptedServer _server = null!;

    public async ValueTask InitializeAsync() => _server = await ScriptedServer.StartAsync();

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Theory]
    [InlineData("3f0c1c6e")]
    [InlineData("3F0C-1c6e")]
    public async Task Get_FirstDigits_FindsTheJob(string digits)
    {
        _server.Service.List.Answer(new ListJobsResponse { Jobs = { SampleJobs.Completed() } });
        _server.Service.Get.Answer(new GetJobResponse { Job = SampleJobs.Completed() });

        var run = await CommandLineRun.OnAsync(_server, "get", digits);

        Assert.Equal(0, run.ExitCode);
        Assert.Equal(SampleJobs.Id, Assert.Single(_server.Service.Get.Requests).JobId);
        Assert.Equal(
            $"job_id = \"{digits.Replace("-", "", StringComparison.Ordinal)}*\"",
            Assert.Single(_server.Service.List.Requests).Filter);
    }

    [Fact]
    public async Task Get_DigitsOfNoJob_ExitsWithThree()
    {
        _server.Service.List.Answer(new ListJobsResponse());

        var run = await CommandLineRun.OnAsync(_server, "get", "3f0c1c6e");

        Assert.Equal(3, run.ExitCode);
        Assert.Contains("No job has an id that begins with 3f0c1c6e.", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Get_DigitsOfSeveralJobs_NamesThem()
    {
        var other = SampleJobs.Failed();
        other.JobId = "3f0c1c6e-0000-4f0e-9a52-0d4d1f1a2b3c";
        _server.Service.List.Answer(new ListJobsResponse { Jobs = { SampleJobs.Completed(), other } });

        var run = await CommandLineRun.OnAsync(_server, "get", "3f0c");

        Assert.Equal(2, run.ExitCode);
        Assert.Contains($"{SampleJobs.Id} (completed pedestrians.mp4)", run.Error, StringComparison.Ordinal);
        Assert.Contains($"{other.JobId} (failed", run.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("get")]
    [InlineData("wait")]
    [InlineData("results")]
    [InlineData("tracks")]
    [InlineData("texts")]
    [InlineData("shots")]
    [InlineData("cancel")]
    [InlineData("retry")]
    [InlineData("delete", "--yes")]
    [InlineData("diagnose")]
    [InlineData("annotate")]
    [InlineData("export", "--format", "csv")]
    [InlineData("update", "--priority", "1")]
    [InlineData("submit", "--from-job")]
    public async Task Commands_FirstDigits_AreLookedUp(string command, params string[] options)
    {
        _server.Service.List.Answer(new ListJobsResponse());

        var run = await CommandLineRun.OnAsync(_server, [command, .. options, "abcd"]);

        Assert.Equal(3, run.ExitCode);
        Assert.Equal("job_id = \"abcd*\"", Assert.Single(_server.Service.List.Requests).Filter);
    }
}
