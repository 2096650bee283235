using ForegSyte.Jobs.Inference;
using ForegSyte.Jobs.Tests.Fakes;
using ForegSyte.Jobs.Tests.Queue;
using ForegSyte.V1;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Microsoft.Extensions.DependencyInjection;

namespace ForegSyte.Jobs.Tests.Grpc;

/// <summary>Options and reuse of results, over a socket.</summary>
public sealed class ChoiceRpcTests
{
    private const string Version = "v1";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Submit_Choices_AreInEveryViewAndCanBeSubmittedAgain()
    {
        await using var service = await RunningJobService.StartAsync(
            new ScriptedInference { PipelineVersion = Version });
        var options = Storage.TestJobs.Choices();
        options.Labels.Clear();
        options.MaxFrames = 3;
        var request = RunningJobService.Request();
        request.Options = options;

        var job = (await service.Client.SubmitVideoAsync(request, cancellationToken: Cancellation)).Job;

        Assert.Equal(options, job.Options);
        var completed = await service.GetWhenAsync(job.JobId, found => found.Status == JobStatus.Completed);
        Assert.Equal((options, 3), (completed.Options, completed.Summary.Frames.Analyzed));
        var listed = await service.Client.ListJobsAsync(new ListJobsRequest(), cancellationToken: Cancellation);
        Assert.Equal(options, Assert.Single(listed.Jobs).Options);
        request.Options = completed.Options;
        request.ValidateOnly = true;
        var again = await service.Client.SubmitVideoAsync(request, cancellationToken: Cancellation);
        Assert.Equal(options, again.Job.Options);
    }

    [Fact]
    public async Task Submit_InvalidChoice_IsRefusedAndStoresNothingInEveryWay()
    {
        await using var service = await RunningJobService.StartAsync(RunningJobService.NotServing());
        var source = await service.SubmitAsync();
        var keys = await service.Storage.KeysAsync();
        var inline = RunningJobService.Request();
        var fromJob = new SubmitVideoRequest { SourceJobId = source.JobId, PipelineId = "detect_only" };
        var checking = inline.Clone();
        checking.ValidateOnly = true;

        foreach (var request in (SubmitVideoRequest[])[inline, fromJob, checking])
        {
            request.Options = new JobOptions { TimeRanges = { new TimeRange { End = new Duration() } } };
            var (_, info, status) = await RunningJobService.FailureOfAsync(
                service.Client.SubmitVideoAsync(request, cancellationToken: Cancellation));
            Assert.Equal("INVALID_FIELD", info.Reason);
            Assert.Contains("options.time_ranges[0].end", status.Message, StringComparison.Ordinal);
        }

        Assert.Equal(keys, await service.Storage.KeysAsync());
    }

    [Fact]
    public async Task Submit_SameRequestIdWithOtherChoices_NamesThem()
    {
        await using var service = await RunningJobService.StartAsync(RunningJobService.NotServing());
        var request = RunningJobService.Request(requestId: Guid.NewGuid().ToString());
        request.Options = Storage.TestJobs.Choices();
        request.Options.Labels.Clear();
        var job = (await service.Client.SubmitVideoAsync(request, cancellationToken: Cancellation)).Job;
        var same = (await service.Client.SubmitVideoAsync(request.Clone(), cancellationToken: Cancellation)).Job;
        Assert.Equal(job.JobId, same.JobId);

        request.Options.MinConfidence = 0.71f;
        request.Options.Zones[0].Id = "gate2";
        request.ReuseResults = true;
        var (code, info, _) = await RunningJobService.FailureOfAsync(
            service.Client.SubmitVideoAsync(request, cancellationToken: Cancellation));

        Assert.Equal((StatusCode.AlreadyExists, "REQUEST_ID_CONFLICT"), (code, info.Reason));
        Assert.Equal("options.min_confidence,options.zones,reuse_results", info.Metadata["fields"]);
    }

    [Fact]
    public async Task Submit_UnknownLabel_IsRefusedWithTheNearestOne()
    {
        await using var service = await StartAsync(new ScriptedInference());
        var request = RunningJobService.Request();
        request.Options = new JobOptions { Labels = { "person", "kar" } };

        var (_, info, status) = await RunningJobService.FailureOfAsync(
            service.Client.SubmitVideoAsync(request, cancellationToken: Cancellation));

        Assert.Equal("INVALID_FIELD", info.Reason);
        Assert.Contains("options.labels[1]", status.Message, StringComparison.Ordinal);
        Assert.Contains("Did you mean 'car'?", status.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Submit_ReuseOfAJobsVideo_HasItsResultsUntilBothAreDeleted()
    {
        var inference = new ScriptedInference { PipelineVersion = Version };
        await using var service = await StartAsync(inference);
        var first = await service.GetWhenAsync(
            (await service.SubmitAsync()).JobId, job => job.Status == JobStatus.Completed);
        var calls = inference.Requests.Count;
        var request = new SubmitVideoRequest
        {
            SourceJobId = first.JobId,
            PipelineId = "detect_only",
            ReuseResults = true,
        };

        var submitted = (await service.Client.SubmitVideoAsync(request, cancellationToken: Cancellation)).Job;
        var second = await service.GetWhenAsync(submitted.JobId, job => job.Status == JobStatus.Completed);

        Assert.Equal(first.JobId, second.ReusedJobId);
        Assert.Equal((Version, calls), (second.PipelineVersion, inference.Requests.Count));
        Assert.Equal((first.Summary, first.Progress), (second.Summary, second.Progress));
        var expected = await ResultsAsync(first.JobId);
        await service.Client.DeleteJobAsync(
            new DeleteJobRequest { JobId = first.JobId }, cancellationToken: Cancellation);
        Assert.Equal(expected, await ResultsAsync(second.JobId));
        var diagnosis = await service.Client.DiagnoseJobAsync(
            new DiagnoseJobRequest { JobId = second.JobId }, cancellationToken: Cancellation);
        Assert.Contains(
            $"Its results are those of job {first.JobId}", diagnosis.Diagnosis.Explanation, StringComparison.Ordinal);

        async Task<IReadOnlyList<FrameResult>> ResultsAsync(string jobId) => (await service.Client.GetJobResultsAsync(
            new GetJobResultsRequest { JobId = jobId }, cancellationToken: Cancellation)).Results;
    }

    /// <summary>A service that knows version and labels of its pipelines.</summary>
    private static async Task<RunningJobService> StartAsync(ScriptedInference inference)
    {
        var service = await RunningJobService.StartAsync(inference);
        var pipelines = service.Services.GetRequiredService<PipelineDirectory>();
        var pipeline = pipelines.All.Single(known => known.Id == "detect_only").Clone();
        pipeline.Version = Version;
        pipeline.Labels.Add(["person", "car"]);
        pipelines.Learn(inference.Address, [pipeline]);
        return service;
    }
}
