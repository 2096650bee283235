using ForegSyte.Client.Tests.Fakes;
using ForegSyte.Testing;
using ForegSyte.V1;

namespace ForegSyte.Client.Tests.CommandLine;

public sealed class QueueFullTests
{
    [Fact]
    public async Task Submit_QueueFull_ExitsWithSixAndSaysWhatToDo()
    {
        await using var server = await ScriptedServer.StartAsync();
        server.Service.Submit.Fail(Failures.QueueFull(TimeSpan.FromSeconds(10)));

        var run = await CommandLineRun.OnAsync(server, "submit", RepositoryFiles.Pedestrians);

        Assert.Equal((6, ""), (run.ExitCode, run.Output));
        Assert.Contains("error: QUEUE_FULL: 10000 jobs wait.", run.Error, StringComparison.Ordinal);
        Assert.Contains("Try again in 10s.", run.Error, StringComparison.Ordinal);
        Assert.Contains("--wait-for-place", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Submit_WaitForPlace_SubmitsAgain()
    {
        await using var server = await ScriptedServer.StartAsync();
        server.Service.Submit
            .Fail(Failures.QueueFull(TimeSpan.FromMilliseconds(1)), times: 2)
            .Answer(new SubmitVideoResponse { Job = SampleJobs.Pending() });

        var run = await CommandLineRun.OnAsync(server, "submit", RepositoryFiles.Pedestrians, "--wait-for-place");

        Assert.Equal((0, SampleJobs.Id + Environment.NewLine), (run.ExitCode, run.Output));
        Assert.Equal(3, server.Service.Submit.Requests.Count);
    }
}
