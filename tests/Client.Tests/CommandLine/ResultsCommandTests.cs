using ForegSyte.Client.Tests.Fakes;
using ForegSyte.Protocol.Json;
using ForegSyte.V1;

namespace ForegSyte.Client.Tests.CommandLine;

public sealed class ResultsCommandTests : IAsyncLifetime
{
    private ScriptedServer _server = null!;

    public async ValueTask InitializeAsync() => _server = await ScriptedServer.StartAsync();

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Fact]
    public async Task Results_Json_IsTheResultsDocumentOfAllPages()
    {
        _server.Service.Results.Answer(
            new GetJobResultsResponse { Results = { SampleJobs.Frame(0), SampleJobs.Frame(1) }, NextPageToken = "b" },
            new GetJobResultsResponse { Results = { SampleJobs.Frame(2) } });
        _server.Service.Get.Answer(new GetJobResponse { Job = SampleJobs.Completed() });

        var run = await CommandLineRun.OnAsync(_server, "results", SampleJobs.Id, "--json");

        Assert.Equal(0, run.ExitCode);
        var document = ForegSyteJson.Parser.Parse<ResultsDocument>(run.Output);
        Assert.Equal([SampleJobs.Frame(0), SampleJobs.Frame(1), SampleJobs.Frame(2)], document.Results);
        Assert.Contains("\"frame_index\"", run.Output, StringComparison.Ordinal);
        Assert.StartsWith("{\"results\":[", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Results_NoFrames_IsAnEmptyDocument()
    {
        _server.Service.Results.Answer(new GetJobResultsResponse());
        _server.Service.Get.Answer(new GetJobResponse { Job = SampleJobs.Completed() });

        var run = await CommandLineRun.OnAsync(_server, "results", SampleJobs.Id, "--json");

        Assert.Equal("{\"results\":[]}\n", run.Output);
    }

    [Fact]
    public async Task Results_Lines_GroupObjectsAndShowText()
    {
        var frame = SampleJobs.Frame(12);
        frame.Result.Detections.Insert(1, SampleJobs.Found("person", 0.5f, 1, 1, 2, 2));
        _server.Service.Results.Answer(new GetJobResultsResponse { Results = { frame } });
        _server.Service.Get.Answer(new GetJobResponse { Job = SampleJobs.Completed() });

        var run = await CommandLineRun.OnAsync(_server, "results", SampleJobs.Id, "--start-frame", "12");

        var line = run.Output.Split(Environment.NewLine)[1];
        Assert.Matches(@"^ +12 +1\.200s  person x2 91%, car 74% +GATE 07 NORTH$", line);
        Assert.Equal(12, Assert.Single(_server.Service.Results.Requests).StartFrame);
    }

    [Fact]
    public async Task Results_JobFailedMidway_PrintsTheResultsAndTheFailure()
    {
        _server.Service.Results.Answer(new GetJobResultsResponse { Results = { SampleJobs.Frame(0) } });
        _server.Service.Get.Answer(new GetJobResponse { Job = SampleJobs.Failed() });

        var run = await CommandLineRun.OnAsync(_server, "results", SampleJobs.Id);

        Assert.Equal(4, run.ExitCode);
        Assert.Contains("GATE 07 NORTH", run.Output, StringComparison.Ordinal);
        Assert.Contains("error: the job failed: UNDECODABLE_VIDEO", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Results_NotReady_LeavesNothingOnStandardOutput()
    {
        _server.Service.Get.Answer(new GetJobResponse { Job = SampleJobs.Running(0) });
        _server.Service.Results.Fail(Failures.Of(
            Grpc.Core.StatusCode.FailedPrecondition, ErrorReason.ResultsNotReady, "The job is running."));

        var run = await CommandLineRun.OnAsync(_server, "results", SampleJobs.Id, "--json");

        Assert.Equal((2, ""), (run.ExitCode, run.Output));
        Assert.Contains("RESULTS_NOT_READY: The job is running.", run.Error, StringComparison.Ordinal);
        Assert.Contains("foregsyte get", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Results_FailedJobWithoutResults_SaysWhyItFailed()
    {
        _server.Service.Results.Fail(Failures.Of(
            Grpc.Core.StatusCode.FailedPrecondition, ErrorReason.ResultsNotReady, "The job has failed."));
        _server.Service.Get.Answer(new GetJobResponse { Job = SampleJobs.Failed() });

        var run = await CommandLineRun.OnAsync(_server, "results", SampleJobs.Id);

        Assert.Equal((4, ""), (run.ExitCode, run.Output));
        Assert.Contains("the job failed: UNDECODABLE_VIDEO", run.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("foregsyte wait", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Results_RunningJob_PrintsWhatIsFinishedAndEnds()
    {
        _server.Service.Results.Answer(
            new GetJobResultsResponse { Results = { SampleJobs.Frame(0) }, NextPageToken = "b" },
            new GetJobResultsResponse { NextPageToken = "b" });
        _server.Service.Get.Answer(new GetJobResponse { Job = SampleJobs.Running(1) });

        var run = await CommandLineRun.OnAsync(_server, "results", SampleJobs.Id);

        Assert.Equal(0, run.ExitCode);
        Assert.Contains("GATE 07 NORTH", run.Output, StringComparison.Ordinal);
        Assert.Contains("running (1 of 100 frames analyzed). With --follow,", run.Error, StringComparison.Ordinal);
        Assert.Empty(_server.Service.Wait.Requests);
    }

    [Fact]
    public async Task Results_Follow_WaitsForTheFirstResults()
    {
        _server.Service.Results
            .Fail(Failures.Of(
                Grpc.Core.StatusCode.FailedPrecondition, ErrorReason.ResultsNotReady, "The job is running."))
            .Answer(new GetJobResultsResponse { Results = { SampleJobs.Frame(0) }, Complete = true });
        _server.Service.Wait.Answer(SampleJobs.Changed(SampleJobs.Running(1)));
        _server.Service.Get.Answer(new GetJobResponse { Job = SampleJobs.Completed() });

        var run = await CommandLineRun.OnAsync(_server, "results", SampleJobs.Id, "--follow");

        Assert.Equal((0, ""), (run.ExitCode, run.Error));
        Assert.Contains("GATE 07 NORTH", run.Output, StringComparison.Ordinal);
    }
}
