using ForegSyte.Client.Tests.Fakes;
using ForegSyte.Protocol.Json;
using ForegSyte.V1;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;

namespace ForegSyte.Client.Tests.CommandLine;

public sealed class UpdateCommandTests : IAsyncLifetime
{
    private static readonly RpcException Mismatch = Failures.Of(
        StatusCode.Aborted, ErrorReason.EtagMismatch, "The job has changed.");

    private ScriptedServer _server = null!;

    public async ValueTask InitializeAsync() => _server = await ScriptedServer.StartAsync();

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Fact]
    public async Task Update_NameAndPriority_NeedsNoRead()
    {
        _server.Service.Update.Answer(new UpdateJobResponse { Job = SampleJobs.Pending() });

        var run = await CommandLineRun.OnAsync(_server, "update", SampleJobs.Id, "--name", "gate", "--priority", "0");

        Assert.Equal((0, $"{SampleJobs.Id} updated{Environment.NewLine}", ""), (run.ExitCode, run.Output, run.Error));
        Assert.Equal(
            new UpdateJobRequest
            {
                Job = new Job { JobId = SampleJobs.Id, DisplayName = "gate" },
                UpdateMask = FieldMask.FromString("display_name,priority"),
            },
            Assert.Single(_server.Service.Update.Requests));
        Assert.Empty(_server.Service.Get.Requests);
    }

    [Fact]
    public async Task Update_Tags_KeepsTheOthersAndRepeatsAfterAChange()
    {
        _server.Service.Get.Answer(Read("1", ("a", "1"), ("b", "2")), Read("2", ("a", "1"), ("b", "2"), ("c", "3")));
        _server.Service.Update.Fail(Mismatch).Answer(new UpdateJobResponse { Job = SampleJobs.Pending() });

        var run = await CommandLineRun.OnAsync(
            _server, "update", SampleJobs.Id, "--tag", "b=4", "--tag", "d=5", "--remove-tag", "a", "--json");

        Assert.Equal(0, run.ExitCode);
        Assert.Equal(SampleJobs.Pending(), ForegSyteJson.StrictParser.Parse<Job>(run.Output));
        var requests = _server.Service.Update.Requests;
        Assert.Equal(["1", "2"], requests.Select(request => request.Job.Etag));
        Assert.Equal(
            new Dictionary<string, string> { ["b"] = "4", ["c"] = "3", ["d"] = "5" }, requests[^1].Job.Tags);
        Assert.All(requests, request => Assert.Equal(FieldMask.FromString("tags"), request.UpdateMask));
    }

    [Fact]
    public async Task Update_JobKeepsChanging_GivesUp()
    {
        _server.Service.Get.Always((_, _) => Task.FromResult(Read("1")));
        _server.Service.Update.Always((_, _) => throw Mismatch);

        var run = await CommandLineRun.OnAsync(_server, "update", SampleJobs.Id, "--tag", "a=1");

        Assert.Equal(1, run.ExitCode);
        Assert.StartsWith("error: ETAG_MISMATCH: The job has changed.", run.Error, StringComparison.Ordinal);
        Assert.Equal(10, _server.Service.Update.Requests.Count);
    }

    [Fact]
    public async Task Update_PriorityOfAnEndedJob_NamesTheOption()
    {
        _server.Service.Update.Fail(Failures.Of(
            StatusCode.FailedPrecondition, ErrorReason.WrongJobStatus, "Leave it out of update_mask."));

        var run = await CommandLineRun.OnAsync(_server, "update", SampleJobs.Id, "--priority", "5");

        Assert.Equal(2, run.ExitCode);
        Assert.StartsWith(
            "error: WRONG_JOB_STATUS: The priority of a job that has ended cannot change. Omit --priority.",
            run.Error,
            StringComparison.Ordinal);
        Assert.DoesNotContain("update_mask", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Update_NoOption_IsAUsageError()
    {
        var run = await CommandLineRun.OnAsync(_server, "update", SampleJobs.Id);

        Assert.Equal(2, run.ExitCode);
        Assert.Contains("Nothing to change: use --name", run.Error, StringComparison.Ordinal);
    }

    private static GetJobResponse Read(string etag, params (string Key, string Value)[] tags)
    {
        var job = SampleJobs.Pending();
        job.Etag = etag;
        job.Tags.Add(tags.ToDictionary(tag => tag.Key, tag => tag.Value));
        return new GetJobResponse { Job = job };
    }
}
