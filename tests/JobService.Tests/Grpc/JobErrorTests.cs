using ForegSyte.Jobs.Inference;
using ForegSyte.Jobs.Tests.Fakes;
using ForegSyte.Jobs.Tests.Queue;
using ForegSyte.Protocol.Errors;
using ForegSyte.Testing;
using ForegSyte.V1;
using Grpc.Core;

namespace ForegSyte.Jobs.Tests.Grpc;

/// <summary>Errors that no other test of the JobService gets over a socket, and the list of all errors.</summary>
public sealed class JobErrorTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task ListErrorReasons_ReturnsTheWholeTable()
    {
        await using var service = await RunningJobService.StartAsync(RunningJobService.NotServing());

        var answer = await service.Client.ListErrorReasonsAsync(new(), cancellationToken: Cancellation);

        Assert.Equal(Enum.GetValues<ErrorReason>().Skip(1), answer.Reasons.Select(info => info.Reason));
        Assert.All(answer.Reasons, info =>
        {
            Assert.Equal(ErrorReasonTable.Of(info.Reason).Code, (StatusCode)info.Code);
            Assert.Matches(@"\A[A-Z].*\.\z", info.Description);
            Assert.Matches(@"\A[A-Z].*\.\z", info.WhatToDo);
        });
        var missing = answer.Reasons.Single(info => info.Reason == ErrorReason.JobNotFound);
        Assert.Equal(
            ("JOB_NOT_FOUND", (int)StatusCode.NotFound, false, "The job does not exist."),
            (missing.Name, missing.Code, missing.Retryable, missing.Description));
    }

    [Fact]
    public async Task GetServerInfo_ReturnsTheCurrentLimits()
    {
        await using var service = await RunningJobService.StartAsync(
            RunningJobService.NotServing(), ("Submit:MaxPendingJobs", "7"), ("Wait:MaxTimeout", "00:00:07.5"));

        var answer =
            (await service.Client.GetServerInfoAsync(new(), cancellationToken: Cancellation)).ServerInfo;

        Assert.Equal("0.1.0", answer.Version);
        var limits = answer.Limits.ToDictionary(limit => limit.Option);
        Assert.Equal(DocumentedLimits.Of("JobService"), answer.Limits.Select(limit => limit.Option));
        Assert.Equal(
            ("7", "jobs", ErrorReason.QueueFull),
            (
                limits["Submit:MaxPendingJobs"].Value, limits["Submit:MaxPendingJobs"].Unit,
                limits["Submit:MaxPendingJobs"].Reason));
        Assert.Equal(("7.5s", ""), (limits["Wait:MaxTimeout"].Value, limits["Wait:MaxTimeout"].Unit));
        Assert.Equal("3145728", limits["GetJobResultsRequest.page_bytes"].Value);
        Assert.Equal("10000", limits["Connections:MaxConnections"].Value);
        Assert.Equal("command line", limits["Submit:MaxPendingJobs"].Source);
        Assert.Equal("default", limits["Connections:MaxConnections"].Source);
        Assert.Equal("", limits["GetJobResultsRequest.page_bytes"].Source);
    }

    [Fact]
    public async Task GetServerInfo_ReturnsStartSettingsAndInferenceServices()
    {
        var before = TimeProvider.System.GetUtcNow();
        var inference = RunningJobService.NotServing();
        inference.Devices = [new Device { Description = "CPU, 2 threads" }];
        await using var service = await RunningJobService.StartAsync(inference);

        var answer =
            (await service.Client.GetServerInfoAsync(new(), cancellationToken: Cancellation)).ServerInfo;

        Assert.Equal(inference.Devices, answer.Devices);
        Assert.InRange(answer.StartedAt.ToDateTimeOffset(), before, TimeProvider.System.GetUtcNow());
        Assert.Contains("command line", answer.ConfigurationSources);
        Assert.Equal(answer.ConfigurationSources.Distinct().Order(StringComparer.Ordinal), answer.ConfigurationSources);
        Assert.Equal((1, 1, DrainState.NotDraining), (
            answer.KnownInstances, answer.ServingInstances, answer.DrainState));
    }

    [Fact]
    [Reaches(ErrorReason.InvalidFilter)]
    public async Task ListJobs_InvalidFilter_NamesTheField()
    {
        await using var service = await RunningJobService.StartAsync(RunningJobService.NotServing());

        var refusal = await Refusal.OfAsync(
            service.Client.ListJobsAsync(new() { Filter = "statu = 1" }, cancellationToken: Cancellation));

        Assert.Equal((ErrorReason.InvalidFilter, "filter"), (refusal.Reason, refusal.Info.Metadata["field"]));
    }

    [Fact]
    [Reaches(ErrorReason.StorageFull)]
    public async Task SubmitVideo_NoRoom_IsRefusedAndStoresNothing()
    {
        await using var service = await RunningJobService.StartAsync(
            RunningJobService.NotServing(), ("Storage:MinFreeBytes", "1125899906842624"));

        var refusal = await Refusal.OfAsync(
            service.Client.SubmitVideoAsync(RunningJobService.Request(), cancellationToken: Cancellation));

        Assert.Equal(ErrorReason.StorageFull, refusal.Reason);
        Assert.Empty(await service.Storage.KeysAsync());
    }

    [Fact]
    [Reaches(ErrorReason.ResultsNotReady)]
    [Reaches(ErrorReason.JobCancelled)]
    public async Task GetJobResults_OfACancelledJob_AreNotReady()
    {
        var started = new TaskCompletionSource();
        var inference = new ScriptedInference
        {
            OnRun = (_, _, cancellationToken) =>
            {
                started.TrySetResult();
                return Task.Delay(Timeout.Infinite, cancellationToken);
            },
        };
        await using var service = await RunningJobService.StartAsync(inference);
        var jobId = (await service.SubmitAsync()).JobId;
        await started.Task;
        await service.Client.CancelJobAsync(new() { JobId = jobId }, cancellationToken: Cancellation);

        var refusal = await Refusal.OfAsync(
            service.Client.GetJobResultsAsync(new() { JobId = jobId }, cancellationToken: Cancellation));

        Assert.Equal(
            (ErrorReason.ResultsNotReady, "CANCELLED"), (refusal.Reason, refusal.Info.Metadata["status"]));
        var job = await service.GetWhenAsync(jobId, job => job.Attempts.Count == 1 && job.Attempts[0].EndedAt != null);
        Assert.Equal(ErrorReason.JobCancelled, ErrorStatus.ReasonOf(job.Attempts[0].Error));
    }

    [Fact]
    [Reaches(ErrorReason.ResultsDamaged)]
    public async Task GetJobResults_DocumentIsGone_IsDataLoss()
    {
        await using var service = await RunningJobService.StartAsync(new ScriptedInference());
        var job = await CompletedAsync(service);
        await service.Storage.DeleteAsync($"{job.JobId}_results.json", Cancellation);

        var refusal = await Refusal.OfAsync(
            service.Client.GetJobResultsAsync(new() { JobId = job.JobId }, cancellationToken: Cancellation));

        Assert.Equal(ErrorReason.ResultsDamaged, refusal.Reason);
    }

    [Fact]
    [Reaches(ErrorReason.StageFailed)]
    public async Task GetJob_AStageFailed_NamesTheNode()
    {
        var failure = new JobFailure(
            ErrorReason.StageFailed, "Node 'detect' failed.", new Dictionary<string, string> { ["node"] = "detect" });
        await using var service = await RunningJobService.StartAsync(
            new ScriptedInference { OnRun = (_, _, _) => throw new InferenceFailedException(failure) });
        var submitted = await service.SubmitAsync();

        var job = await service.GetWhenAsync(submitted.JobId, job => job.Status == JobStatus.Failed);

        var info = ErrorStatus.InfoOf(job.Error)!;
        Assert.Equal(("STAGE_FAILED", "detect"), (info.Reason, info.Metadata["node"]));
        Assert.Equal(
            ((int)StatusCode.Internal, job.ErrorMessage, "Node 'detect' failed."),
            (job.Error.Code, job.Error.Message, job.ErrorMessage));
    }

    /// <summary>A caller that cancelled its call gets no response, so only the log has this reason.</summary>
    [Fact]
    [Reaches(ErrorReason.Cancelled)]
    public async Task WaitJob_CancelledByTheCaller_IsLogged()
    {
        await using var service = await RunningJobService.StartAsync(RunningJobService.NotServing());
        var job = await service.SubmitAsync();
        using var gone = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        using var call = service.Client.WaitJobAsync(
            new() { JobId = job.JobId, Etag = job.Etag }, cancellationToken: gone.Token);
        await service.WaitForWaitingCallsAsync(1);

        await gone.CancelAsync();

        Assert.Equal(
            StatusCode.Cancelled, (await Assert.ThrowsAsync<RpcException>(() => call.ResponseAsync)).StatusCode);
        Refusal.ReadFrom(ErrorReason.Cancelled, await service.LogLineAsync("WaitJob failed with CANCELLED"));
    }

    [Fact]
    [Reaches(ErrorReason.Unimplemented)]
    public async Task UnknownMethod_IsUnimplementedWithDetails()
    {
        await using var service = await RunningJobService.StartAsync(RunningJobService.NotServing());
        var method = new Method<ListPipelinesRequest, ListPipelinesResponse>(
            MethodType.Unary, "foregsyte.v1.JobService", "Absent", MarshallerOf(ListPipelinesRequest.Parser),
            MarshallerOf(ListPipelinesResponse.Parser));

        var refusal = await Refusal.OfAsync(service.Channel.CreateCallInvoker().AsyncUnaryCall(
            method, null, new CallOptions(cancellationToken: Cancellation), new ListPipelinesRequest()));

        Assert.Equal(
            (ErrorReason.Unimplemented, "/foregsyte.v1.JobService/Absent"),
            (refusal.Reason, refusal.Info.Metadata["method"]));
    }

    private static Marshaller<T> MarshallerOf<T>(Google.Protobuf.MessageParser<T> parser)
        where T : Google.Protobuf.IMessage<T> =>
        Marshallers.Create(message => Google.Protobuf.MessageExtensions.ToByteArray(message), parser.ParseFrom);

    private static async Task<Job> CompletedAsync(RunningJobService service)
    {
        var jobId = (await service.SubmitAsync()).JobId;
        return await service.GetWhenAsync(jobId, job => job.Status == JobStatus.Completed);
    }
}
